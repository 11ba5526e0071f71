/* One step of gradient descent on two moons, written by hand for this network alone:
   MLP(2, [16, 16, 1]) with relu, mean hinge loss plus ALPHA times the squared parameters.

   Parameters lie as chainrule's do: of each neuron its weights, then its bias. Rows come in
   blocks of LANES, which the compiler puts into vector registers. Returns the loss. */
#include <string.h>

#define WIDTH 16
#define LANES 8
#define INPUTS 2
#define FIRST 0
#define SECOND (FIRST + WIDTH * (INPUTS + 1))
#define LAST (SECOND + WIDTH * (WIDTH + 1))
#define ALL (LAST + WIDTH + 1)

double moons_step(double *p, const double *X, const double *y, long rows, double alpha, double rate)
{
    double g[ALL], loss = 0.0;
    double sums[ALL][LANES];
    memset(sums, 0, sizeof sums);
    for (long start = 0; start < rows; start += LANES) {
        double x[INPUTS][LANES], t[LANES], share[LANES];
        double h1[WIDTH][LANES], h2[WIDTH][LANES], out[LANES], d_out[LANES];
        double d_h1[WIDTH][LANES], d_h2[WIDTH][LANES];
        for (int r = 0; r < LANES; r++) {
            const long row = start + r < rows ? start + r : rows - 1;
            share[r] = start + r < rows ? 1.0 / rows : 0.0;
            for (int k = 0; k < INPUTS; k++) x[k][r] = X[INPUTS * row + k];
            t[r] = y[row];
        }
        for (int i = 0; i < WIDTH; i++) {
            const double *w = p + FIRST + i * (INPUTS + 1);
            for (int r = 0; r < LANES; r++) {
                const double z = w[0] * x[0][r] + w[1] * x[1][r] + w[2];
                h1[i][r] = z > 0.0 ? z : 0.0;
            }
        }
        for (int i = 0; i < WIDTH; i++) {
            const double *w = p + SECOND + i * (WIDTH + 1);
            double z[LANES];
            for (int r = 0; r < LANES; r++) z[r] = w[WIDTH];
            for (int k = 0; k < WIDTH; k++)
                for (int r = 0; r < LANES; r++) z[r] += w[k] * h1[k][r];
            for (int r = 0; r < LANES; r++) h2[i][r] = z[r] > 0.0 ? z[r] : 0.0;
        }
        for (int r = 0; r < LANES; r++) out[r] = p[LAST + WIDTH];
        for (int k = 0; k < WIDTH; k++)
            for (int r = 0; r < LANES; r++) out[r] += p[LAST + k] * h2[k][r];
        for (int r = 0; r < LANES; r++) {
            const double margin = 1.0 - t[r] * out[r];
            loss += share[r] * (margin > 0.0 ? margin : 0.0);
            d_out[r] = margin > 0.0 ? -t[r] * share[r] : 0.0;
            sums[LAST + WIDTH][r] += d_out[r];
        }
        for (int k = 0; k < WIDTH; k++)
            for (int r = 0; r < LANES; r++) {
                sums[LAST + k][r] += d_out[r] * h2[k][r];
                d_h2[k][r] = h2[k][r] > 0.0 ? d_out[r] * p[LAST + k] : 0.0;
            }
        memset(d_h1, 0, sizeof d_h1);
        for (int i = 0; i < WIDTH; i++) {
            const double *w = p + SECOND + i * (WIDTH + 1);
            double (*s)[LANES] = sums + SECOND + i * (WIDTH + 1);
            for (int k = 0; k < WIDTH; k++)
                for (int r = 0; r < LANES; r++) {
                    s[k][r] += d_h2[i][r] * h1[k][r];
                    d_h1[k][r] += d_h2[i][r] * w[k];
                }
            for (int r = 0; r < LANES; r++) s[WIDTH][r] += d_h2[i][r];
        }
        for (int i = 0; i < WIDTH; i++) {
            double (*s)[LANES] = sums + FIRST + i * (INPUTS + 1);
            for (int r = 0; r < LANES; r++) {
                const double d = h1[i][r] > 0.0 ? d_h1[i][r] : 0.0;
                s[0][r] += d * x[0][r];
                s[1][r] += d * x[1][r];
                s[2][r] += d;
            }
        }
    }
    for (int i = 0; i < ALL; i++) {
        g[i] = 0.0;
        for (int r = 0; r < LANES; r++) g[i] += sums[i][r];
        loss += alpha * p[i] * p[i];
        p[i] -= rate * (g[i] + 2.0 * alpha * p[i]);
    }
    return loss;
}
