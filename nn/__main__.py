"""``python -m nn`` is the command ``chainrule``."""

import sys

from nn.command.cli import main

sys.exit(main())
