"""Programs against their peers, on one thread: ``python benchmarks/programs.py``.

The loss of one example, written with plain Values, against the same work in JAX, NumPy,
PyTorch, CasADi, micrograd and C. Peers come with ``pip install ".[peers]"``; one that is
missing is left out. Contenders take turns; figures are medians, and ratios of them.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
sys.path.insert(0, str(Path(__file__).parent))

WORKS = (
    "moons", "digits", "wide", "gpt_step", "scalars", "log_sum_exp", "ode", "mixture", "growth",
    "demo",
)  # fmt: skip


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=WORKS, action="append")
    parser.add_argument("--quick", action="store_true", help="without the slowest peers")
    options = parser.parse_args()

    import autograd

    print(f"engine {autograd.engine}")
    for name in options.only or WORKS:
        work = importlib.import_module(f"works.{name}")
        for result in work.results(quick=options.quick):
            print("\n".join(result.lines() if hasattr(result, "lines") else [str(result)]))
        print(flush=True)


if __name__ == "__main__":
    main()
