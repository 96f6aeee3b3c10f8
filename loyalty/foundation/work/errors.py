"""What work refuses."""

from loyalty.foundation.kernel.errors import Conflict


class RunFinished(Conflict):
    """The run is over; there is nothing to cancel."""

    code = "run.finished"
    title = "The run is over"


class RunAlreadyActive(Conflict):
    """The same work on the same subject is under way."""

    code = "run.already_active"
    title = "Already running"


class RunCancelled(Conflict):
    """Someone asked the run to stop."""

    code = "run.cancelled"
    title = "Cancelled"
