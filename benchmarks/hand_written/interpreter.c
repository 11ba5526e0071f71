/* A tape interpreter written by hand for four operations: softplus, the mean of four, the
   product of two and the softmax of four. Forward, then backward; one row.

   code[i] is the operation, in[4 * i] its operands, out[i] its first result: a softmax has
   four results. v holds the numbers, g their gradients, d what the backward pass needs. */
#include <math.h>
#include <string.h>

enum { SOFTPLUS, MEAN, PRODUCT, SOFTMAX };

double sweep(long n, const unsigned char *code, const int *in, const int *out, long slots,
             double *v, double *g, double *d, const int *roots, long root_count)
{
    for (long i = 0; i < n; i++) {
        const int *a = in + 4 * i;
        double *r = v + out[i];
        switch (code[i]) {
        case SOFTPLUS: {
            const double x = v[a[0]], e = exp(-fabs(x));
            r[0] = (x > 0.0 ? x : 0.0) + log1p(e);
            d[i] = (x > 0.0 ? 1.0 : e) / (1.0 + e);
            break;
        }
        case MEAN:
            r[0] = 0.25 * (v[a[0]] + v[a[1]] + v[a[2]] + v[a[3]]);
            break;
        case PRODUCT:
            r[0] = v[a[0]] * v[a[1]];
            break;
        case SOFTMAX: {
            const double x0 = v[a[0]], x1 = v[a[1]], x2 = v[a[2]], x3 = v[a[3]];
            const double m01 = x0 > x1 ? x0 : x1, m23 = x2 > x3 ? x2 : x3;
            const double m = m01 > m23 ? m01 : m23;
            const double e0 = exp(x0 - m), e1 = exp(x1 - m), e2 = exp(x2 - m), e3 = exp(x3 - m);
            const double over = 1.0 / (e0 + e1 + e2 + e3);
            r[0] = e0 * over, r[1] = e1 * over, r[2] = e2 * over, r[3] = e3 * over;
            break;
        }
        }
    }
    memset(g, 0, slots * sizeof *g);
    double total = 0.0;
    for (long i = 0; i < root_count; i++) total += v[roots[i]], g[roots[i]] += 1.0;
    for (long i = n - 1; i >= 0; i--) {
        const int *a = in + 4 * i;
        const double *r = v + out[i], *u = g + out[i];
        switch (code[i]) {
        case SOFTPLUS:
            g[a[0]] += u[0] * d[i];
            break;
        case MEAN: {
            const double share = 0.25 * u[0];
            g[a[0]] += share, g[a[1]] += share, g[a[2]] += share, g[a[3]] += share;
            break;
        }
        case PRODUCT: {
            const double x = v[a[0]], y = v[a[1]];
            g[a[0]] += u[0] * y;
            g[a[1]] += u[0] * x;
            break;
        }
        case SOFTMAX: {
            const double s = u[0] * r[0] + u[1] * r[1] + u[2] * r[2] + u[3] * r[3];
            for (int k = 0; k < 4; k++) g[a[k]] += r[k] * (u[k] - s);
            break;
        }
        }
    }
    return total;
}
