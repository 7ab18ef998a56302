"""Everything raised on purpose.

    BackendError
    ├── InvalidConfiguration     a variable is missing, empty or wrong
    ├── InvalidMapping           the shop mapping names what cannot be used
    ├── DatabaseUnavailable      a database does not answer, or not now
    │   └── DatabaseRefuses      it will not before somebody changes something
    ├── NotReady                 a look at the databases found that requests cannot be answered
    ├── TablesInTheWay           somebody else's tables have the names of ours
    ├── TablesTooNew             a newer version than this one made our tables
    ├── TablesTooOld             our tables are not there yet, or not as this version has them
    ├── TablesBusy               others hold our tables while they are to be changed
    ├── TablesHeld               a view keeps our columns from changing their type
    ├── TextNotWritable          a text that a database's character set cannot write
    ├── NotAuthenticated         no key, or a wrong one
    ├── WrongSignature           of what a platform's webhook sends
    ├── NotAllowed               a key that does not open this route
    ├── TooManyRequests          more was asked for than may be had in a while
    ├── BodyTooLarge             more was sent than the route takes
    ├── BodyTooSlow              what was sent did not arrive in time
    ├── TooMuchAtOnce            all places for what takes long are taken
    ├── ExportOverdue            a list took too long as a file
    ├── PeopleMasked             a key that reads numbers asked for people
    ├── CustomerNotFound
    ├── SegmentNotFound
    ├── SegmentNameTaken         two segments never share a name
    ├── RunNotFound
    ├── NoRunPublished           the latest published run, before the first
    ├── ReportNotReady           the run has not ended well, or not yet
    ├── FormatOfTheFuture        a newer version of the service stored this
    ├── DamagedResult            what is stored cannot be read
    ├── TombstonesUnreadable     of erased customers, made with a key that is not known any more
    ├── RunAlreadyActive         one run at a time per database
    ├── RunAlreadyEnded          a run that has ended cannot be cancelled
    ├── RunBeingPublished        nor one whose results are being published
    ├── InvalidRunRequest        a run was asked for with nonsense
    ├── ExportRefused            a list cannot be written to a file
    ├── WorkbookNotMade          the process that makes one ended before it was whole
    ├── UnknownField             a profile has no field of this name
    ├── AskedTwice               an address says a condition, and its query says it again
    ├── SaidAgain                a query says twice what can be one thing
    ├── CursorUnreadable         what is sent as a cursor is none of ours
    ├── CursorOfAnotherList      a cursor is sent with the conditions of another list
    ├── CursorExpired            the run that a cursor is of is no longer served
    ├── WebhookNotFound
    ├── DeliveryNotFound         a webhook was not told what is asked after
    ├── TooManyWebhooks          each costs something when a run is published
    ├── WebhookDisabled          it is told nothing until somebody enables it
    ├── InvalidWebhook           one is asked for that could never be told anything
    ├── CampaignNotFound
    ├── CampaignNotStarted       nobody is drawn yet
    ├── CampaignNotDraft         only a draft can be started
    ├── CampaignOfAnotherVersion another version wrote conditions that this one does not know
    ├── CampaignNotOpen          it holds nobody out that it could stop holding out
    ├── CampaignBelowSense       it could show nothing that is worth waiting for
    ├── ToolNotOffered           an agent asks for a tool that it has not
    ├── MaterialNotOffered       or for a resource or prompt
    ├── ArgumentsUnfit           or with what the tool does not take
    ├── AnswerTooLong            or for more than it can read
    ├── IssuerUnavailable        nobody can say whether a token is valid
    ├── ImportRefused            a file cannot be imported; nothing of it is loaded
    │   └── AmbiguousFile        its dates or amounts can be read in several ways
    ├── TooLittleTaken           too little of a file makes sense to load any of it
    ├── LeaseLost                another worker owns the run now
    ├── NoRoomToSpill            the disk for what does not fit into memory is full
    ├── PortTaken                a server cannot have its address
    ├── RunFailed                a run ended without publishing
    ├── NothingPublished         a run ended well, and replaced nothing
    ├── PartFailed               another process or machine could not do its part of a run
    ├── WorkersAway              or nobody is there to do it
    └── Stopped                  a command was asked to end

An error is a noun, holds the facts a handler needs, and knows no HTTP. Its text is a sentence for
a person.
"""

from backend.core.errors.backend_error import BackendError
from backend.core.errors.of_agents import (
    AnswerTooLong,
    ArgumentsUnfit,
    IssuerUnavailable,
    MaterialNotOffered,
    ToolNotOffered,
)
from backend.core.errors.of_campaigns import (
    CampaignBelowSense,
    CampaignNotDraft,
    CampaignNotFound,
    CampaignNotOpen,
    CampaignNotStarted,
    CampaignOfAnotherVersion,
)
from backend.core.errors.of_configuration import InvalidConfiguration, InvalidMapping, PortTaken
from backend.core.errors.of_databases import (
    DamagedResult,
    DatabaseRefuses,
    DatabaseUnavailable,
    FormatOfTheFuture,
    NotReady,
    TablesBusy,
    TablesHeld,
    TablesInTheWay,
    TablesTooNew,
    TablesTooOld,
    TextNotWritable,
    TombstonesUnreadable,
)
from backend.core.errors.of_files import AmbiguousFile, AmbiguousPlace, TooLittleTaken
from backend.core.errors.of_requests import (
    AskedTwice,
    BodyTooLarge,
    BodyTooSlow,
    CursorExpired,
    CursorOfAnotherList,
    CursorUnreadable,
    CustomerNotFound,
    ExportOverdue,
    ExportRefused,
    ImportRefused,
    NotAllowed,
    NotAuthenticated,
    PeopleMasked,
    SaidAgain,
    SegmentNameTaken,
    SegmentNotFound,
    SupposedTooLate,
    TooManyRequests,
    TooMuchAtOnce,
    UnknownField,
    WorkbookNotMade,
    WrongSignature,
)
from backend.core.errors.of_runs import (
    InvalidRunRequest,
    LeaseLost,
    NoRoomToSpill,
    NoRunPublished,
    NoScoringModel,
    NothingPublished,
    PartFailed,
    ReportNotReady,
    RunAlreadyActive,
    RunAlreadyEnded,
    RunBeingPublished,
    RunFailed,
    RunNotFound,
    Stopped,
    WorkersAway,
)
from backend.core.errors.of_webhooks import (
    DeliveryNotFound,
    InvalidWebhook,
    TooManyWebhooks,
    WebhookDisabled,
    WebhookNotFound,
)

__all__ = [
    "AmbiguousFile",
    "AmbiguousPlace",
    "AnswerTooLong",
    "ArgumentsUnfit",
    "AskedTwice",
    "BackendError",
    "BodyTooLarge",
    "BodyTooSlow",
    "CampaignBelowSense",
    "CampaignNotDraft",
    "CampaignNotFound",
    "CampaignNotOpen",
    "CampaignNotStarted",
    "CampaignOfAnotherVersion",
    "CursorExpired",
    "CursorOfAnotherList",
    "CursorUnreadable",
    "CustomerNotFound",
    "DamagedResult",
    "DatabaseRefuses",
    "DatabaseUnavailable",
    "DeliveryNotFound",
    "ExportOverdue",
    "ExportRefused",
    "FormatOfTheFuture",
    "ImportRefused",
    "InvalidConfiguration",
    "InvalidMapping",
    "InvalidRunRequest",
    "InvalidWebhook",
    "IssuerUnavailable",
    "LeaseLost",
    "MaterialNotOffered",
    "NoRoomToSpill",
    "NoRunPublished",
    "NoScoringModel",
    "NotAllowed",
    "NotAuthenticated",
    "NotReady",
    "NothingPublished",
    "PartFailed",
    "PeopleMasked",
    "PortTaken",
    "ReportNotReady",
    "RunAlreadyActive",
    "RunAlreadyEnded",
    "RunBeingPublished",
    "RunFailed",
    "RunNotFound",
    "SaidAgain",
    "SegmentNameTaken",
    "SegmentNotFound",
    "Stopped",
    "SupposedTooLate",
    "TablesBusy",
    "TablesHeld",
    "TablesInTheWay",
    "TablesTooNew",
    "TablesTooOld",
    "TextNotWritable",
    "TombstonesUnreadable",
    "TooLittleTaken",
    "TooManyRequests",
    "TooManyWebhooks",
    "TooMuchAtOnce",
    "ToolNotOffered",
    "UnknownField",
    "WebhookDisabled",
    "WebhookNotFound",
    "WorkbookNotMade",
    "WorkersAway",
    "WrongSignature",
]
