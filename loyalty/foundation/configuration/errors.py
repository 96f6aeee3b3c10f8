"""What configuration refuses."""

from loyalty.foundation.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed, TooMany, Unavailable


class SectionUnknown(NotFound):
    """There is no section of that name."""

    code = "configuration.section_unknown"
    title = "No such section"


class VersionUnknown(NotFound):
    """The section never had that version."""

    code = "configuration.version_unknown"
    title = "No such version"


class ValuesInvalid(Invalid):
    """Values cannot be used; each problem names its field, never a secret's value."""

    code = "configuration.invalid"
    title = "The values cannot be used"


class ChangedMeanwhile(PreconditionFailed):
    """The section was changed after it was read."""

    code = "configuration.changed_meanwhile"
    title = "Changed in the meantime"


class TestMissing(Conflict):
    """The section has no connection that could be tested."""

    __test__ = False  # pytest takes the name for a class of tests

    code = "configuration.no_test"
    title = "Nothing to test"


class TestsBusy(TooMany):
    """As many tests of connections run as may run at once."""

    code = "configuration.tests_busy"
    title = "Other tests are running"


class KeyMissing(Unavailable):
    """No master key is set, so no secret can be sealed or opened."""

    code = "configuration.key_missing"
    title = "No master key is set"


class KeyWrong(Unavailable):
    """The master keys at hand do not open a secret: another key sealed it, or it was moved or changed."""

    code = "configuration.key_wrong"
    title = "The master key does not open this secret"
