"""What can go wrong between an operator, a worker and the records."""

from detector.types import DeliveryUnavailable, XunjieError


class NotFoundError(XunjieError):
    """No record has that id; names the kind of record and the id."""


class ConflictError(XunjieError):
    """The record has moved on: the step asked for does not fit what it is now."""


class LeaseLostError(XunjieError):
    """The case is not, or no longer, held by that worker."""


class VerdictError(XunjieError):
    """A verdict that says too little, such as a rejection without a reason."""


class OutcomeError(XunjieError):
    """An outcome that says too little, such as a refusal without a reason."""


class RetryLaterError(DeliveryUnavailable):
    """The destination is busy and says when it may be asked again."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ReceptionError(XunjieError):
    """A case of another instance that cannot be taken as it is."""
