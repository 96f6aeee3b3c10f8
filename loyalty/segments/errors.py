"""What segments refuses."""

from loyalty.foundation.kernel.errors import Conflict, Invalid, NotFound


class SegmentNotFound(NotFound):
    """There is no such segment."""

    code = "segment.not_found"
    title = "Segment not found"


class SegmentNameTaken(Conflict):
    """Another segment has the name."""

    code = "segment.name_taken"
    title = "Name taken"


class SegmentInUse(Conflict):
    """Something needs the segment; it is not deleted."""

    code = "segment.in_use"
    title = "The segment is in use"


class SegmentRulesMissing(Invalid):
    """A dynamic segment needs rules."""

    code = "segment.rules_missing"
    title = "Rules are missing"


class SegmentKindWrong(Conflict):
    """Members of a dynamic segment come from its rules; a static one has no rules to recalculate."""

    code = "segment.kind_wrong"
    title = "Not for this kind of segment"


class SegmentCycle(Invalid):
    """The rules would make the segment depend on itself."""

    code = "segment.cycle"
    title = "The segment would depend on itself"


class SegmentLimitInvalid(Invalid):
    """A limit is a count of at least 1, a score to order by and a direction."""

    code = "segment.limit_invalid"
    title = "The limit is not usable"


class SegmentScheduleInvalid(Invalid):
    """A schedule that says no time."""

    code = "segment.schedule_invalid"
    title = "The schedule is not usable"


class SegmentNotSingle(Invalid):
    """A segment with a limit depends on all customers, so that one customer's event cannot decide it."""

    code = "segment.not_by_event"
    title = "Not possible customer by customer"


class SegmentsTooMany(Invalid):
    """More segments in one call than the stated limit."""

    code = "segment.too_many"
    title = "Too many segments in one call"


class WarehouseShrunk(Conflict):
    """The warehouse has so many rows fewer than at the last calculation that the load behind it is taken for broken.

    A person who knows better says so with ``accept_shrinkage``.
    """

    code = "segment.warehouse_shrunk"
    title = "The warehouse lost too many rows"


class SegmentBusy(Conflict):
    """The segment is being recalculated."""

    code = "segment.busy"
    title = "The segment is being recalculated"


class SnapshotNotFound(NotFound):
    """There is no snapshot of that name or time."""

    code = "segment.snapshot_not_found"
    title = "Snapshot not found"


class SnapshotWithoutMembers(Conflict):
    """The snapshot is from the time when snapshots kept counts only."""

    code = "segment.snapshot_without_members"
    title = "The snapshot does not say who was in"


class UploadInvalid(Invalid):
    """The file is no CSV with a column of customers."""

    code = "segment.upload_invalid"
    title = "The file cannot be read"


class UploadTooLarge(Invalid):
    """The file has more lines or bytes than are taken at once."""

    code = "segment.upload_too_large"
    title = "The file is too large"


class CustomerUnknown(NotFound):
    """There is no such customer."""

    code = "customer.not_found"
    title = "Customer not found"
