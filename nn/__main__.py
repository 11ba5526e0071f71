"""``python -m nn`` is the command ``chainrule``."""

import sys

from nn.cli import main

sys.exit(main())
