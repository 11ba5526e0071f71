import pytest

from autograd.support.public_names import loader


def test_a_name_is_loaded_when_first_asked_for_and_stays():
    namespace = {}
    get = loader("package", {"tau": "math"}, namespace)
    assert get("tau") == pytest.approx(6.283185307179586)
    assert namespace == {"tau": get("tau")}


def test_a_name_may_be_a_module_of_the_package():
    import email.mime

    get = loader("email", {"mime": "email.mime"}, {})
    assert get("mime") is email.mime


def test_a_name_that_is_not_there_is_refused_as_python_does():
    with pytest.raises(AttributeError, match=r"^module 'package' has no attribute 'tau'$"):
        loader("package", {}, {})("tau")
