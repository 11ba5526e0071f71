"""What `benchmarks/programs.py` measures: each work, written for chainrule and for its peers."""
