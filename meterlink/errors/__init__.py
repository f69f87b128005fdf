"""Every way meterlink can fail, as one tree.

Three questions shape it: was it the line, the meter's bytes, or the meter's answer? Each class holds the facts as
attributes, one sentence that names what happened and to which meter, one hint that says what to do next, and the exit
code of the command line. The sentences stand in the modules of this package, one per chapter, and nowhere else, ready
for translation; `{name}` is an attribute.

Exit codes: 1 bug or anything unnamed, 2 wrong usage, 3 line or no answer, 4 access refused, 5 damaged or senseless
answer, 6 meter or profile cannot do it, 7 what was read back is not what was written, 8 another meter than the one that
is meant, or an order or a plan that does not hold, 9 not confirmed, 10 the sealed log cannot be relied on or written,
11 the state of a meter is in doubt.
"""

from meterlink.errors.answer import (
    AccessDeniedError as AccessDeniedError,
    ChannelClosedError as ChannelClosedError,
    MissedInstantError as MissedInstantError,
    NoPasswordError as NoPasswordError,
    NotSupportedError as NotSupportedError,
    PasswordSpentError as PasswordSpentError,
    PasswordUnansweredError as PasswordUnansweredError,
    RefusedError as RefusedError,
    WrongPasswordError as WrongPasswordError,
)
from meterlink.errors.bugs import (
    LocalProtocolError as LocalProtocolError,
    WritingClosedError as WritingClosedError,
)
from meterlink.errors.given import (
    AddressError as AddressError,
    AmbiguousModelError as AmbiguousModelError,
    ConfigError as ConfigError,
    DriverError as DriverError,
    FormError as FormError,
    HexError as HexError,
    NotOrderedMeterError as NotOrderedMeterError,
    OtherMeterError as OtherMeterError,
    OtherModelError as OtherModelError,
    PortUrlError as PortUrlError,
    ProfileError as ProfileError,
    ScheduleError as ScheduleError,
    UnknownFamilyError as UnknownFamilyError,
    UnknownModelError as UnknownModelError,
)
from meterlink.errors.line import (
    LineNoiseError as LineNoiseError,
    LinkError as LinkError,
    LinkLostError as LinkLostError,
    NoAnswerError as NoAnswerError,
    PortAccessError as PortAccessError,
    PortBusyError as PortBusyError,
    PortError as PortError,
    PortMissingError as PortMissingError,
)
from meterlink.errors.order import (
    OrderError as OrderError,
    OrderExpiredError as OrderExpiredError,
    OrderFormError as OrderFormError,
    OrderZoneError as OrderZoneError,
    SecretError as SecretError,
    SecretFormError as SecretFormError,
    SecretMissingError as SecretMissingError,
    SecretNameError as SecretNameError,
    SecretNotKeptError as SecretNotKeptError,
)
from meterlink.errors.plan import (
    ClockFarOffError as ClockFarOffError,
    ClockReasonMissingError as ClockReasonMissingError,
    ClockUnknownError as ClockUnknownError,
    ExperimentalError as ExperimentalError,
    HolidaysUnclearError as HolidaysUnclearError,
    NoStateError as NoStateError,
    PlanError as PlanError,
    PlanFileError as PlanFileError,
    StalePlanError as StalePlanError,
    StoredUnknownError as StoredUnknownError,
    TimeSourceUnknownError as TimeSourceUnknownError,
)
from meterlink.errors.root import (
    AdvisedError as AdvisedError,
    MeterlinkError as MeterlinkError,
    told_os_error as told_os_error,
)
from meterlink.errors.sealed_log import (
    ActError as ActError,
    AuditError as AuditError,
    AuditFormatError as AuditFormatError,
    AuditNotWritableError as AuditNotWritableError,
    BundleError as BundleError,
    ChainBrokenError as ChainBrokenError,
    KeyLostError as KeyLostError,
    LogBehindError as LogBehindError,
    LogError as LogError,
    LogExistsError as LogExistsError,
    LogForkError as LogForkError,
    LogGoneError as LogGoneError,
    LogTornError as LogTornError,
    LogUnnamedError as LogUnnamedError,
    LogUnreadableError as LogUnreadableError,
    MeterInDoubtError as MeterInDoubtError,
    NoLogError as NoLogError,
    NoRoomError as NoRoomError,
    NotCosignedError as NotCosignedError,
    NoWorkError as NoWorkError,
    ProofError as ProofError,
    StateFolderError as StateFolderError,
    TornBytesLostError as TornBytesLostError,
    WorkOpenError as WorkOpenError,
    WrongKeyError as WrongKeyError,
)
from meterlink.errors.wire import (
    BadDateError as BadDateError,
    BadDigitsError as BadDigitsError,
    BadReplyError as BadReplyError,
    DamagedFrameError as DamagedFrameError,
    TruncatedReplyError as TruncatedReplyError,
    WireError as WireError,
    WrongAddressError as WrongAddressError,
    WrongAnswerError as WrongAnswerError,
    WrongChecksumError as WrongChecksumError,
)
from meterlink.errors.work import (
    EnergyMovedError as EnergyMovedError,
    InDoubtError as InDoubtError,
    MeterBusyError as MeterBusyError,
    NotAbandonedError as NotAbandonedError,
    NotConfirmedError as NotConfirmedError,
    NotStoredError as NotStoredError,
    ReadBackError as ReadBackError,
    StaleClockError as StaleClockError,
    VerifyError as VerifyError,
    WorkClosedError as WorkClosedError,
    WorkIncompleteError as WorkIncompleteError,
)
