"""The one way a launcher command says no: a plain sentence, and exit code 2."""


class LaunchRefused(Exception):
    """The user has to change something first; the message is one sentence that says what."""


class StepFailed(Exception):
    """A step that should have worked did not; the message says which, and its output was already shown."""


class StopRequested(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal. Not an Exception, so that no step mistakes it for its own fault."""
