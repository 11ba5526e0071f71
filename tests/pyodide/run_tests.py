import sys
sys.path.insert(0, "/site")
sys.dont_write_bytecode = True
import os
os.chdir("/checkout")
import pytest
int(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist.looponfail", "-rs", "--tb=short", *sys.argv[1:]]))
