"""Make the pictures of the README: ``python docs/make_pictures.py`` (needs Graphviz)."""

from pathlib import Path

from autograd import Value, draw

HERE = Path(__file__).parent


def main() -> None:
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(-1.25, "b")
    out = (w * x + b).tanh()
    out.label = "out"
    out.backward()
    print(draw(out).save(HERE / "out.svg"))


if __name__ == "__main__":
    main()
