"""The command ``chainrule``."""
