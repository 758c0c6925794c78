//! What is wrong with a refused value, for programs that say it in another language.

#![expect(dead_code, reason = "describes what the model writes")]

use serde::Serialize;
use utoipa::ToSchema;

use crate::rule::schema as rules;

/// What is wrong with a refused value, for programs: a code that stays the same from release to release, and
/// what a sentence about it needs.
#[derive(Serialize, ToSchema)]
#[schema(as = ProblemReason)]
#[serde(tag = "code", rename_all = "snake_case")]
pub(crate) enum Reason {
    /// It is required and was not given.
    Missing,
    /// The text has more than `limit` characters.
    TooLong { length: usize, limit: usize },
    /// The text has a character that is not allowed here.
    BadCharacter {
        found: char,
        /// From 0.
        position: usize,
        /// Those that are, in English.
        allowed: String,
        characters: Characters,
    },
    /// The number is outside `min..=max`.
    OutOfRange {
        value: String,
        min: String,
        max: String,
    },
    /// There are more than `limit` entries.
    TooMany { count: usize, limit: usize },
    /// It has the right type and the wrong form.
    Malformed {
        /// At most 80 characters of it.
        value: String,
        /// The right form, in English.
        expected: String,
        form: Form,
    },
    /// There is no such field.
    UnknownField {
        field: String,
        /// Those that there are, in English.
        known: String,
        /// Those that there are.
        fields: Vec<String>,
    },
    /// It is given more than once.
    FieldRepeated,
    /// The key is given more than once.
    KeyRepeated,
    /// The value is given more than once.
    ValueRepeated { value: String },
    /// An earlier entry has the same name.
    NameRepeated { name: String },
    /// At least one of the fields is required.
    OneOfRequired { fields: Vec<String> },
    /// Only one of two fields is taken, and the other one is given as well.
    BothGiven { other: String },
    /// The list needs at least one entry.
    Empty { list: List },
    /// The key is empty.
    EmptyKey,
    /// It is not taken by what else is given.
    NotTaken { by: Taker },
    /// A fact of this kind has no keys.
    NoKeys { fact: rules::FactKind },
    /// The operator does not take it.
    NotOperand { operator: rules::Operator },
    /// The lower bound is above the upper one.
    BoundsReversed { min: i64, max: i64 },
    /// The widest level is nearer than the first one.
    LevelsReversed {
        max_level: rules::NearbyLevel,
        level: rules::NearbyLevel,
    },
    /// Every weight is 0.
    NoWeight,
    /// The health of an instance that beats is what its heartbeats say.
    HealthOfBeating,
    /// The name of a header is given more than once, in whatever case.
    HeaderRepeated,
    /// A draft is not for calls to a service, so that it would play no part in what becomes of one.
    PlaysNoPart { namespace: String, service: String },
    /// It is of another type than expected.
    WrongType { wanted: Wanted, found: Found },
    /// It is no whole number from 0 on.
    NotCount,
    /// The number is larger than any that is taken.
    NumberTooLarge,
    /// The time is in the future.
    FutureTime {
        #[schema(format = DateTime)]
        time: String,
    },
    /// The revision is in the future.
    FutureRevision { revision: u64, newest: u64 },
    /// It is known of the present alone.
    NotKnownThen { what: Present },
    /// It is no regular expression.
    BadPattern {
        /// What the parser says of it, in English.
        detail: String,
    },
    /// The regular expression has what is not supported.
    PatternNotSupported {
        /// What the compiler says of it, in English.
        detail: String,
    },
    /// The regular expression takes more than `limit` bytes once it is compiled.
    PatternTooLarge { limit: usize },
    /// The rule has more than `limit` regular expressions.
    TooManyPatterns { count: usize, limit: usize },
    /// More than `limit` labels are compared with facts of the call.
    TooManyCompared { count: usize, limit: usize },
    /// An earlier amount has the same window.
    WindowRepeated {
        window_ms: u64,
        /// Which amount of the rule, from 0.
        earlier: usize,
    },
    /// Another amount lets no more through.
    AmountNeverReached {
        max: u32,
        /// Which amount of the rule, from 0.
        other: usize,
        other_max: u32,
        other_window_ms: u64,
    },
    /// The amount comes to more than `limit` calls a second.
    TooFast {
        max: u32,
        window_ms: u64,
        a_second: u64,
        limit: u32,
    },
    /// More than `limit` calls at once would take more than two years to come back.
    BurstTooLarge { burst: u32, limit: u64 },
    /// It is no name of a header.
    BadHeaderName { name: String },
    /// The header frames the message, which is the server's.
    FramingHeader { name: String },
    /// The method of a call is tested by the `method` of the rule.
    MethodAsArgument,
}

/// The characters that a text may have.
#[derive(Serialize, ToSchema)]
#[schema(as = ReasonCharacters)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Characters {
    /// Letters, digits and `. _ : / -`.
    Name,
    /// All but control characters.
    Text,
    /// Visible ASCII characters and spaces.
    VisibleAscii,
    /// All but control characters that are neither tabs nor line breaks.
    Lines,
}

/// The form that a text is to have.
#[derive(Serialize, ToSchema)]
#[schema(as = ReasonForm)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// A name: not `.` or `..`.
    Name,
    /// An IP address or a DNS name.
    Host,
    IpAddress,
    /// The key of an entry, which is never empty.
    Key,
    /// A key that no other entry has.
    KeyOnce,
    /// A time as RFC 3339 writes it.
    Time,
    /// A time that fits into milliseconds since 1970.
    TimeWithinReach,
    /// A revision, or a time as RFC 3339 writes it.
    Moment,
    /// A fact of a call, as one word.
    Fact,
    /// The name of a balancer.
    Balancer,
    /// What only the English of it says.
    Other,
}

/// A list that needs at least one entry.
#[derive(Serialize, ToSchema)]
#[schema(as = ReasonList)]
#[serde(rename_all = "snake_case")]
pub(crate) enum List {
    Branches,
    Targets,
    Conditions,
}

/// What does not take a field.
#[derive(Serialize, ToSchema)]
#[schema(as = ReasonTaker)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Taker {
    GlobalLimit,
    LocalLimit,
    LimitWithoutAmounts,
}

/// What is known of the present alone.
#[derive(Serialize, ToSchema)]
#[schema(as = ReasonPresent)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Present {
    Counts,
    Status,
}

/// The type of value that is expected.
#[derive(Serialize, ToSchema)]
#[schema(as = ReasonWanted)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Wanted {
    /// A whole number from 0 on, up to `max` if there is one.
    Count {
        #[schema(nullable = false)]
        max: Option<u32>,
    },
    /// A whole number.
    Whole,
    Number,
    Boolean,
    Text,
    List,
    Object,
    /// One of these words.
    Word {
        words: Vec<String>,
    },
}

/// The type of value that was given.
#[derive(Serialize, ToSchema)]
#[schema(as = ReasonFound)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Found {
    Null,
    List,
    Object,
    /// A number, a boolean or a text, as JSON writes it.
    Value {
        text: String,
    },
}

/// What is in the way of a request that is right in itself, for programs: a code that stays the same from
/// release to release, and what a sentence about it needs.
#[derive(Serialize, ToSchema)]
#[schema(as = ProblemObstacle)]
#[serde(tag = "code", rename_all = "snake_case")]
pub(crate) enum Obstacle {
    /// There is no such thing.
    NotFound { thing: Thing },
    /// There is such a thing, and none was expected.
    Exists { thing: Thing, revision: u64 },
    /// A service is not deleted while it has instances.
    HasInstances { service: Thing },
    /// A namespace is not deleted while it has things of these kinds.
    NotEmpty {
        namespace: Thing,
        held: Vec<ThingKind>,
    },
}

/// A thing that an obstacle is about.
#[derive(Serialize, ToSchema)]
#[schema(as = ObstacleThing)]
pub(crate) struct Thing {
    kind: ThingKind,
    name: String,
    /// Absent for a namespace.
    #[schema(nullable = false)]
    namespace: Option<String>,
    /// The service of an instance.
    #[schema(nullable = false)]
    service: Option<String>,
}

/// A kind of things.
#[derive(Serialize, ToSchema)]
#[schema(as = ObstacleKind)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ThingKind {
    Namespace,
    Service,
    Instance,
    RoutingRule,
    NearbyRule,
    RateLimitRule,
}
