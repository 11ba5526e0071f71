// What the rules of chainrule call, in JavaScript: Python's `math` as Python's
// users know it. Where Python raises, these throw a Refusal; they never turn a
// mistake into a quiet NaN or Infinity.

class Refusal extends Error {
  constructor(kind) {
    super({
      domain: "no real value there",
      range: "the result is too large for a float",
      division: "division by zero",
    }[kind]);
    this.kind = kind;
  }
}

// A function of the C library, refusing where Python's `math` does.
const refusing = (f, atInfinity) => (...x) => {
  const result = f(...x);
  if (Number.isNaN(result) && !x.some(Number.isNaN)) throw new Refusal("domain");
  if (!Number.isFinite(result) && x.every(Number.isFinite)) throw new Refusal(atInfinity);
  return result;
};
const ordinary = (f) => refusing(f, "domain");
const growing = (f) => refusing(f, "range");

// Python's give an int: no -0, no infinity, no nan.
const whole = (f) => (x) => {
  if (!Number.isFinite(x)) throw new Refusal(Number.isNaN(x) ? "domain" : "range");
  return f(x) + 0;
};

const math = {
  inf: Infinity,
  nan: NaN,
  isfinite: Number.isFinite,
  fabs: Math.abs,
  hypot: Math.hypot,
  floor: whole(Math.floor),
  ceil: whole(Math.ceil),
  fmod: ordinary((x, y) => x % y),
  pow: (x, y) => {
    if (x === 0 && y < 0 && y > -Infinity) throw new Refusal("domain");
    return growing(libraryPower)(x, y);
  },
  exp: growing(Math.exp),
  exp2: growing((x) => 2 ** x),
  expm1: growing(Math.expm1),
  sinh: growing(Math.sinh),
  cosh: growing(Math.cosh),
  erf: (x) => Math.sign(x) * (Math.abs(x) < 1 ? erfSeries(Math.abs(x)) : 1 - erfcTail(Math.abs(x))),
  erfc: (x) => {
    if (x < -1) return 2 - erfcTail(-x);
    return x < 0.5 ? 1 - math.erf(x) : erfcTail(x);
  },
};
for (const name of ["sqrt", "cbrt", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin",
  "acos", "atan", "atan2", "tanh", "asinh", "acosh", "atanh"]) math[name] = ordinary(Math[name]);

// C and Python say 1 where JavaScript says NaN.
function libraryPower(x, y) {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;
}

// Python's x ** y.
function power(x, y) {
  if (x === 0 && y < 0 && y > -Infinity) throw new Refusal("division");
  return growing(libraryPower)(x, y);
}

// Python's x / y.
function divide(x, y) {
  if (y === 0) throw new Refusal("division");
  return x / y;
}

// erf near 0: Abramowitz & Stegun, 1964, formula 7.1.6. All terms are positive.
function erfSeries(x) {
  let [term, total] = [x, 0];
  for (let n = 0; total + term !== total; n += 1) {
    total += term;
    term *= (2 * x * x) / (2 * n + 3);
  }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * total;
}

// erfc for x >= 0.5: the continued fraction 7.1.14, from its far end.
function erfcTail(x) {
  if (!(x < 28)) return Number.isNaN(x) ? NaN : 0;
  let fraction = x;
  for (let n = Math.ceil(40 + 180 / (x * x)); n > 0; n -= 1) fraction = x + n / 2 / fraction;
  const head = Math.fround(x); // head * head is exact, so exp gets every digit of x * x
  return Math.exp(-head * head) * Math.exp((head - x) * (head + x))
    / (fraction * Math.sqrt(Math.PI));
}

const operator = { add: (x, y) => x + y, sub: (x, y) => x - y, mul: (x, y) => x * y };

// A loop, which is many times as quick as Array.from.
function map(f, x, y) {
  const mapped = new Array(Math.min(x.length, y.length));
  for (let i = 0; i < mapped.length; i += 1) mapped[i] = f(x[i], y[i]);
  return mapped;
}

// Python's x[start:stop:step] for a step of 1 or -1.
function slice(x, start, stop, step) {
  if (step > 0) return x.slice(start ?? 0, stop ?? x.length);
  const place = (index) => (index < 0 ? index + x.length : Math.min(index, x.length));
  const taken = [];
  const last = stop === null ? 0 : Math.max(place(stop) + 1, 0);
  const first = start === null ? x.length - 1 : Math.min(place(start), x.length - 1);
  for (let i = first; i >= last; i -= 1) taken.push(x[i]);
  return taken;
}

function _total(terms) {
  let total = 0;
  for (const term of terms) total += term;
  return total;
}

function _products(x) {
  const products = [1];
  for (const factor of x) products.push(products.at(-1) * factor);
  return products;
}

function _largest(x) {
  let largest = x[0];
  for (const each of x) if (each > largest || Number.isNaN(each)) largest = each;
  return x.some(Number.isNaN) ? NaN : largest;
}

function _others(x) {
  const largest = x.indexOf(_largest(x));
  return _total(x.filter((_, place) => place !== largest));
}
