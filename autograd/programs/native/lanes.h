/* Functions of <math.h> without a branch, so that a compiler puts a loop of them into vectors.

   They take the steps that the C library of GNU (2.28 to at least 2.36, on processors that fuse
   a multiplication with an addition) takes, in its order and rounded where it rounds, and give
   its bits for every double: Python's `math` computes the same. Where it chooses between ways,
   all are computed and one is selected. Another library may round otherwise: `lanes_agree` asks.

   Methods and coefficients of exp are those of Arm's Optimized Routines (Szabolcs Nagy), of the
   others those of Sun's fdlibm.

   Compile with -ffp-contract=off: what is fused says so. Only where a processor fuses. */
#ifndef CHAINRULE_LANES_H
#define CHAINRULE_LANES_H

#if defined(__GNUC__) && (defined(__FMA__) || defined(__FP_FAST_FMA))
#define HAS_LANES 1

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "_lane_tables.h" /* see autograd/export/lane_tables.py */

#define LANE static inline __attribute__((always_inline))
#ifndef FUSED /* x * y + z, rounded once */
#define FUSED(x, y, z) __builtin_fma(x, y, z)
#endif
#define ONE_BITS 0x3ff0000000000000
#define LN2_HIGH 0x1.62e42fee00000p-1 /* few enough digits: a whole number of them is exact */
#define LN2_LOW 0x1.a39ef35793c76p-33

LANE int64_t bits_of(double x)
{
    int64_t bits;
    memcpy(&bits, &x, 8);
    return bits;
}

LANE double with_bits(int64_t bits)
{
    double x;
    memcpy(&x, &bits, 8);
    return x;
}

/* a, or b where the condition does not hold: in steps that a compiler makes no branches of, as
   it would of constants, which later conditions depend on. */
LANE double chosen(int condition, double a, double b)
{
    const int64_t mask = -(int64_t)condition;
    return with_bits((bits_of(a) & mask) | (bits_of(b) & ~mask));
}

/* The bits that add a whole number k to an exponent. */
LANE int64_t exponent_bits(double k)
{
    return (int64_t)((uint64_t)bits_of(k + 0x1.8p52) << 52);
}

/* --- powers ------------------------------------------------------------------------------- */

/* scale + scale * p with an exponent that is 1022 too large, made right and rounded only once
   where the result is subnormal; `factor` is 2^-1022 then. */
LANE double rounded_once(double scale, double p)
{
    const double product = scale * p, y = scale + product;
    const double one = 1.0 + y;
    const double rest = ((1.0 - one) + y) + ((scale - y) + product);
    return y < 1.0 ? (rest + one) - 1.0 : y;
}

/* The nearest k ln 2 / 128 is taken off; a polynomial makes the power of what is left, a table
   has that of k / 128. */
LANE double lane_exp(double x)
{
    const double shifted = FUSED(x, 0x1.71547652b82fep+7, 0x1.8p52); /* 128 / ln 2 */
    const int64_t k = bits_of(shifted), place = k & 127;
    const double whole = shifted - 0x1.8p52;
    const double high = FUSED(whole, -0x1.62e42fefa0000p-8, x);
    const double r = FUSED(whole, -0x1.cf79abc9e3b3ap-47, high), r2 = r * r;
    const double second = FUSED(r, 0x1.555555555543cp-3, 0x1.ffffffffffdbdp-2);
    const double fourth = FUSED(r, 0x1.1111167a4d017p-7, 0x1.55555cf172b91p-5);
    const double p = FUSED(r2 * r2, fourth, FUSED(second, r2, r + power_rests[place]));
    /* Far from 0 the exponent is kept off its ends, and a factor puts it right. */
    int64_t aside = x >= 512.0 ? -(INT64_C(1009) << 52) : 0;
    aside = x <= -512.0 ? INT64_C(1022) << 52 : aside;
    double factor = x >= 512.0 ? 0x1p1009 : 1.0;
    factor = x <= -512.0 ? 0x1p-1022 : factor;
    const double scale = with_bits(power_bits[place] + (int64_t)((uint64_t)k << 45) + aside);
    const double small = rounded_once(scale, p), usual = FUSED(scale, p, scale);
    /* Selected before the product: subnormal ones are slow, and would be thrown away. */
    double out = (x <= -512.0 ? small : usual) * factor;
    out = chosen(x > 1000.0, INFINITY, out);
    return chosen(x < -1000.0, 0.0, out);
}

/* Less a whole number k of ln 2; then a quotient that continues the series of the rest. How 1
   is subtracted depends on how large the power is. */
LANE double lane_expm1(double x)
{
    const double half = x < 0.0 ? -0.5 : 0.5;
    double k = __builtin_trunc(0x1.71547652b82fep+0 * x + half);
    k = fabs(x) < 0x1.62e43p-2 ? 0.0 : k;
    const double high = x - k * LN2_HIGH, low = k * LN2_LOW;
    const double r = high - low, lost = (high - r) - low;
    const double h = 0.5 * r, s = r * h, s2 = s * s;
    const double first = FUSED(s, -0x1.11111111110f4p-5, 1.0);
    const double second = FUSED(s, -0x1.4ce199eaadbb7p-14, 0x1.a01a019fe5585p-10);
    const double third = FUSED(s, -0x1.afdb76e09c32dp-23, 0x1.0cfca86e65239p-18);
    const double p = FUSED(s2 * s2, third, FUSED(s2, second, first)), t = FUSED(-p, h, 3.0);
    const double e = s * ((p - t) / FUSED(-r, t, 6.0));
    const double near = r - FUSED(e, r, -s); /* where k is 0 */
    const double error = FUSED(e - lost, r, -lost) - s, sum = r - error;
    const int64_t n = exponent_bits(k);
    const double back = with_bits(ONE_BITS - n); /* 2^-k */
    const double around = fabs(k - 27.5);        /* more than 29: k < -1, or k > 56 */
    double y = k < 20.0 ? (1.0 - back) - (error - r) : (r - (error + back)) + 1.0;
    y = around > 29.0 ? 1.0 - (error - r) : y;
    const double power = with_bits(bits_of(y) + n);
    const double twice = r < -0.25 ? -2.0 * (error - (r + 0.5)) : FUSED(sum, 2.0, 1.0);
    double out = around > 29.0 ? power - 1.0 : power;
    out = k == 1.0 ? twice : out;
    out = k == -1.0 ? FUSED(sum, 0.5, -0.5) : out;
    out = k == 0.0 ? near : out;
    out = chosen(x > 0x1.62e42fefa39efp+9, INFINITY, out);
    out = chosen(x <= -0x1.3687ap5, -1.0, out); /* 56 ln 2 */
    return chosen(x == x, out, x);
}

/* --- what is made of powers --------------------------------------------------------------- */

LANE double lane_tanh(double x)
{
    const double size = fabs(x);
    const double t = lane_expm1(size >= 1.0 ? 2.0 * size : -2.0 * size);
    const double q = (size >= 1.0 ? 2.0 : -t) / (t + 2.0);
    return __builtin_copysign(size >= 1.0 ? 1.0 - q : q, x);
}

LANE double lane_sinh(double x)
{
    const double size = fabs(x), half = __builtin_copysign(0.5, x);
    const double t = lane_expm1(size), q = t / (t + 1.0);
    const double w = lane_exp(size < 0x1.62e42p+9 ? size : 0.5 * size);
    double out = half * (size < 1.0 ? 2.0 * t - t * t / (t + 1.0) : t + q);
    out = size >= 22.0 ? half * w : out;
    out = size >= 0x1.62e42p+9 ? (half * w) * w : out;
    out = size < 0x1p-28 ? x : out;
    return size > 0x1.633ce8fb9f87dp+9 ? x * INFINITY : out;
}

LANE double lane_cosh(double x)
{
    const double size = fabs(x);
    const double t = lane_expm1(size), one = 1.0 + t;
    const double w = lane_exp(size < 0x1.62e42p+9 ? size : 0.5 * size), half = 0.5 * w;
    double out = half + 0.5 / w;
    out = size < 0x1.62e43p-2 ? 1.0 + (t * t) / (one + one) : out;
    out = size >= 22.0 ? half : out;
    out = size >= 0x1.62e42p+9 ? half * w : out;
    return chosen(size > 0x1.633ce8fb9f87dp+9, INFINITY, out);
}

/* --- logarithm ---------------------------------------------------------------------------- */

/* 1 + x is 2^k (1 + f), f near 0; what rounding took from the sum is c times it. A series in
   f / (2 + f) makes log(1 + f). */
LANE double lane_log1p(double x)
{
    const double sum = 1.0 + x;
    const double u = x >= 0x1p53 ? x : sum;
    double c = u >= 2.0 ? 1.0 - (u - x) : x - (u - 1.0);
    c = x >= 0x1p53 ? 0.0 : c / u;
    const int64_t above = INT64_C(0x3fe6a09e00000000); /* near 1 / sqrt(2), where 1 + f starts */
    const int64_t moved = bits_of(u) + (ONE_BITS - above);
    const double exponent = with_bits((int64_t)((uint64_t)moved >> 52 | 0x4330000000000000));
    const double v = with_bits((moved & INT64_C(0xfffffffffffff)) + above);
    const int direct = x > -0x1.2bec4p-2 && x < 0x1.a827ap-2; /* then f is x itself */
    const double k = direct ? 0.0 : exponent - (0x1p52 + 1023.0);
    const double f = direct ? x : v - 1.0;
    const double half = (f * 0.5) * f;
    const double s = f / (f + 2.0), z = s * s, z2 = z * z, z4 = z2 * z2;
    const double second = FUSED(z, 0x1.2492494229359p-2, 0x1.999999997fa04p-2);
    const double fourth = FUSED(z, 0x1.7466496cb03dep-3, 0x1.c71c51d8e78afp-3);
    const double sixth = FUSED(z, 0x1.2f112df3e5244p-3, 0x1.39a09d078c69fp-3);
    const double series = FUSED(z, 0x1.5555555555593p-1, z2 * second);
    const double all = FUSED(z2 * z4, sixth, FUSED(z4, fourth, series));
    const double term = s * (half + all), lost = FUSED(k, LN2_LOW, c);
    /* Very near 1 two terms are enough. */
    const double two = half * FUSED(-f, 0x1.5555555555555p-1, 1.0);
    double near = f - (half - term);
    double far = FUSED(k, LN2_HIGH, -((half - (lost + term)) - f));
    const int few = !direct && f < 0x1p-20 && f >= -0x1.8p-20;
    far = few ? FUSED(k, LN2_HIGH, -((two - lost) - f)) : far;
    near = few ? f - two : near;
    double out = k == 0.0 ? near : far;
    out = fabs(x) < 0x1p-29 ? FUSED(-(x * x), 0.5, x) : out;
    out = chosen(x == -1.0, -INFINITY, out);
    out = chosen(x < -1.0, NAN, out);
    return chosen(x < INFINITY, out, x); /* infinity and nan */
}

/* --- whether they may stand for the library's --------------------------------------------- */

#define LANE_FUNCTIONS(X) X(exp) X(expm1) X(tanh) X(sinh) X(cosh) X(log1p)
#define LANE_PLACE(name) LANE_PLACE_OF_##name,
#define LANE_BIT(name) LANE_##name = 1 << LANE_PLACE_OF_##name,
enum { LANE_FUNCTIONS(LANE_PLACE) LANE_COUNT };
enum { LANE_FUNCTIONS(LANE_BIT) LANE_ALL = (1 << LANE_COUNT) - 1 };

/* Numbers for which steps that fuse give another double than steps that do not, and not the one
   nearest to the truth: few ways of computing agree about them, where any two agree about 999
   of 1000 numbers. (tests/programs/test_lane_math.py holds them to that.) */
enum { LANE_TELLING = 8 };
static const double lane_telling[LANE_COUNT][LANE_TELLING] = {
    [LANE_PLACE_OF_exp] = {-0.056451, -0.76586, 0.30681, -2.1423, -0.041061, 17.494, -219.47,
                           -320.88},
    [LANE_PLACE_OF_expm1] = {-0.45145, 0.30739, -1.0687, -0.40582, 1.7209, 8.6831, 337.95, 669.34},
    [LANE_PLACE_OF_tanh] = {0.033361, 0.055941, 0.12314, 0.15795, 0.56657, 0.50146, 0.7626, 0.1654},
    [LANE_PLACE_OF_sinh] = {0.42286, -0.37456, -1.0611, 0.41223, 0.92151, -0.2514, -342.38, 311.22},
    [LANE_PLACE_OF_cosh] = {-0.74542, 0.31768, -2.1572, -2.6734, -5.9193, 0.54943, -556.0, 181.97},
    [LANE_PLACE_OF_log1p] = {-0.30276, -0.79433, 0.48459, 0.60084, 692.96, 835.07, 0.38149,
                             0.28149},
};

/* Others at which ways part: of the functions here, and of their results. */
enum { LANE_SPECIAL = 27 };
static const double lane_special[LANE_SPECIAL] = {
    0.0, 0x1p-1074, 0x1.fffffffffffffp-1023, 0x1p-1022, 0x1p-55, 0x1p-54, 0x1p-29, 0x1p-28,
    0.25, 0.34657359027997264, 0.5, 1.0, 1.0397207708399179, 2.0, 22.0, 38.816242111356935, 512.0,
    708.3964185322641, 709.782712893384, 709.7827128933841, 710.4758600739439, 745.1332191019411,
    745.1332191019412, 1023.9999999999999, 0x1.fffffffffffffp1023, INFINITY, NAN};

#define LANE_LOOPS(name)                                                                      \
    static void lanes_##name(ptrdiff_t n, const double *restrict x, double *restrict out)     \
    {                                                                                         \
        for (ptrdiff_t i = 0; i < n; i++)                                                     \
            out[i] = lane_##name(x[i]);                                                       \
    }                                                                                         \
    static int agrees_##name(ptrdiff_t n, const double *x, double *out)                       \
    {                                                                                         \
        int differ = 0;                                                                       \
        lanes_##name(n, x, out);                                                              \
        for (ptrdiff_t i = 0; i < n; i++) {                                                   \
            const double wanted = name(x[i]);                                                 \
            differ |= bits_of(wanted) != bits_of(out[i]) && !(isnan(wanted) && isnan(out[i])); \
        }                                                                                     \
        return !differ;                                                                       \
    }
LANE_FUNCTIONS(LANE_LOOPS)

/* LANE_exp | LANE_tanh ...: the functions above whose bits are the library's at all numbers that
   are tried: what tells, what is special, and some of all sizes. Takes less than 1 ms. */
static int lanes_agree(void)
{
    enum { SIZES = 1024, ALL = LANE_TELLING + 2 * LANE_SPECIAL + SIZES };
    double x[ALL], out[ALL];
    for (int i = 0; i < LANE_SPECIAL; i++)
        x[LANE_TELLING + 2 * i] = lane_special[i], x[LANE_TELLING + 2 * i + 1] = -lane_special[i];
    uint64_t seed = 1;
    for (int i = 0; i < SIZES; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const double part = (double)(int64_t)seed * 0x1p-63; /* from -1 to 1 */
        const double size = i % 4 == 0 ? 1.5 : i % 4 == 1 ? 40.0 : 760.0;
        x[ALL - SIZES + i] = part * (i % 4 == 3 ? ldexp(1.0, i / 4 % 128 - 64) : size);
    }
    int agreeing = 0;
#define LANE_ASK(name)                                                                        \
    memcpy(x, lane_telling[LANE_PLACE_OF_##name], sizeof lane_telling[0]);                         \
    agreeing |= agrees_##name(ALL, x, out) ? LANE_##name : 0;
    LANE_FUNCTIONS(LANE_ASK)
    return agreeing;
}

#endif /* HAS_LANES */
#endif
