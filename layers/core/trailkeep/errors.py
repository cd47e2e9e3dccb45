"""What can go wrong, as a closed list: each error has a code, an HTTP status and a hint, mapped to an answer once."""


class TrailkeepError(Exception):
    """The root of all errors that a caller can be told about.

    ``message`` says what is wrong with this request; ``hint`` what to do about it.
    """

    code = "InternalError"
    status = 500
    hint = "Try again; if it stays, look up the request ID in the function's log."

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or type(self).hint


class InvalidParameter(TrailkeepError):
    """A query or path parameter is unknown, malformed or out of range; the message names it."""

    code = "InvalidParameter"
    status = 400
    hint = "Correct the parameter that the message names."


class InvalidTimeRange(TrailkeepError):
    """startTime is not before endTime."""

    code = "InvalidTimeRange"
    status = 400
    hint = "Give startTime before endTime, both as RFC 3339 times such as 2026-01-02T03:04:05Z."


class InvalidNextToken(TrailkeepError):
    """A nextToken is damaged, forged, of another query or of another principal."""

    code = "InvalidNextToken"
    status = 400
    hint = "Send nextToken as it was given, with the other parameters and the token unchanged; or start without it."


class InvalidQuery(TrailkeepError):
    """A search or its SQL cannot be read, or may not be run; the message tells the place in the text."""

    code = "InvalidQuery"
    status = 400
    hint = "Correct the query at the place that the message names; docs/query-language.md describes the language."


class InvalidBody(TrailkeepError):
    """A request body cannot be read."""

    code = "InvalidBody"
    status = 400
    hint = 'Send {"events": […]} as JSON, or one JSON object a line; gzip with Content-Encoding: gzip.'


class Unauthenticated(TrailkeepError):
    """No token, or none that is known and valid."""

    code = "Unauthenticated"
    status = 401
    hint = "Send a valid token as Authorization: Bearer <token>."


class AccessDenied(TrailkeepError):
    """The token is valid but may not do this."""

    code = "AccessDenied"
    status = 403
    hint = "Use a token with the scope that the message names."


class EventNotFound(TrailkeepError):
    """No event has this ID."""

    code = "EventNotFound"
    status = 404
    hint = "Check the event ID; a new event is found some seconds after its delivery."


class HoldNotFound(TrailkeepError):
    """No hold has this ID."""

    code = "HoldNotFound"
    status = 404
    hint = "GET /v1/holds lists the holds with their IDs."


class JobNotFound(TrailkeepError):
    """No job has this ID, or none that this token may see."""

    code = "JobNotFound"
    status = 404
    hint = "GET /v1/jobs lists the jobs that this token may see; a job and its result are deleted when they expire."


class JobUnfinished(TrailkeepError):
    """The result of a job was asked for that has none: it is still worked on, or ended without one."""

    code = "JobUnfinished"
    status = 409
    hint = "GET /v1/jobs/{id} tells how far it is; ask again when its state is succeeded."


class SavedQueryNotFound(TrailkeepError):
    """No saved query has this ID."""

    code = "SavedQueryNotFound"
    status = 404
    hint = "GET /v1/saved-queries lists the saved queries with their IDs."


class RouteNotFound(TrailkeepError):
    """No such route or method."""

    code = "RouteNotFound"
    status = 404
    hint = "See the list of routes in the README."


class IdempotencyConflict(TrailkeepError):
    """An Idempotency-Key came again with another body."""

    code = "IdempotencyConflict"
    status = 409
    hint = "Use a new Idempotency-Key for a new body."


class PayloadTooLarge(TrailkeepError):
    """A body, its text, or the number of its events is over the limit."""

    code = "PayloadTooLarge"
    status = 413
    hint = "Send fewer events at once, or put large logs into the landing bucket."


class QuestionTooLarge(TrailkeepError):
    """What was asked for cannot be answered whole in the time that an answer may take."""

    code = "QuestionTooLarge"
    status = 422
    hint = "Ask for a shorter window, or for fewer regions."


class QueryFailed(TrailkeepError):
    """A query is well-formed but failed on these events: too much memory or time, or a function's own error."""

    code = "QueryFailed"
    status = 422
    hint = "The message says why. Ask for less, or aggregate before joining; a larger question can run as a job."


class ScanBudgetExceeded(TrailkeepError):
    """The question would read more than the token may still read today."""

    code = "ScanBudgetExceeded"
    status = 429
    hint = "Ask with dryRun first, narrow the window, or wait for the next day (UTC)."


class TooManyJobs(TrailkeepError):
    """The token has as many jobs that wait or run as it may have."""

    code = "TooManyJobs"
    status = 429
    hint = "Wait until one of them has ended, or cancel one: GET /v1/jobs lists them."


class TooManySavedQueries(TrailkeepError):
    """There are as many saved queries as there may be."""

    code = "TooManySavedQueries"
    status = 409
    hint = "Delete some that nobody runs any more: GET /v1/saved-queries lists them."


class EngineUnavailable(TrailkeepError):
    """The engine that was asked for cannot be reached from this deployment."""

    code = "EngineUnavailable"
    status = 503
    hint = 'Ask with "engine": "embedded", or leave the choice to "auto".'


class ObjectNotFound(TrailkeepError):
    """An object is not, or no longer, in its bucket."""

    code = "ObjectNotFound"
    status = 404
    hint = "Nothing is to be done where it was deleted on purpose."


class ObjectUnreadable(TrailkeepError):
    """An object is there but cannot be read as it is: archived, or its contents damaged."""

    code = "ObjectUnreadable"
    status = 502
    hint = "Restore the object from its archive class, or deliver it again."


class Conflict(TrailkeepError):
    """Something else stands where an object of ours should: never overwritten, always reported."""

    code = "Conflict"
    status = 409
    hint = "Compare the object with the one expected; it was not written by this version of Trailkeep."


class DeliveryUnderWay(TrailkeepError):
    """Another worker may be delivering the same object at this moment, by code of another version."""

    code = "DeliveryUnderWay"
    status = 409
    hint = "Nothing is to be done: the object is announced again until it is delivered."


class StorageUnsafe(TrailkeepError):
    """The object store ignores the conditions of writes: nothing in it would be safe from being overwritten."""

    code = "StorageUnsafe"
    status = 500
    hint = "Use a store that honours If-None-Match and If-Match when objects are put, such as Amazon S3."


class RowsNotConserved(TrailkeepError):
    """Compaction wrote other rows than it read: what it wrote was not put in force, and nothing was deleted."""

    code = "RowsNotConserved"
    status = 500
    hint = "The lake is as it was. Compare the objects that the log names before they are compacted again."


class CompactionRaced(TrailkeepError):
    """Others changed the same partition all the time; nothing of this run is lost, and nothing is in force."""

    code = "CompactionRaced"
    status = 409
    hint = "Nothing is to be done: the partition is compacted again."


class RetentionRefused(TrailkeepError):
    """What a run of retention would rest on cannot be trusted, so it deletes nothing."""

    code = "RetentionRefused"
    status = 409
    hint = "Put right what the message names; the next run does what this one did not."


class StorageUnavailable(TrailkeepError):
    """The object store refused or did not answer, retries included."""

    code = "StorageUnavailable"
    status = 503
    hint = "Try again in a moment."
