//! A call that owns what it says: one that was written down, to be simulated or tested.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Call, Caller};
use crate::{
    InstanceId, Invalid, Location, Metadata, NamespaceName, ServiceKey, ServiceName,
    invalid::{each, together},
    routing::{Entries, document::checked_count, document::not_null},
    text::checked_text,
};

/// A call that owns what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedCall {
    /// Who calls; a selection that explains the call is compiled for this caller.
    pub caller: Arc<Caller>,
    pub callee: ServiceKey,
    method: Option<Box<str>>,
    path: Option<Box<str>>,
    caller_ip: Option<Box<str>>,
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
    arguments: Vec<(String, String)>,
    excluded: Vec<InstanceId>,
}

/// A call as it is written.
///
/// ```
/// use merak_model::{call::{CallDocument, OwnedCall}, routing};
/// let document: CallDocument = routing::parse(serde_json::json!({
///     "from": {"service": "micro-api", "location": {"region": "eu", "zone": "eu-1"}},
///     "to": {"service": "micro-order"},
///     "path": "/api/order/create",
///     "headers": {"X-User": "42"},
/// }))?;
/// let call = OwnedCall::parse(document)?;
/// assert_eq!(call.callee.to_string(), "default/micro-order");
/// # Ok::<(), merak_model::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallDocument {
    /// Who calls; by default nobody of whom anything is known.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<FromDocument>,
    pub to: ToDocument,
    /// HTTP verb, or full name of the gRPC method; up to 1,024 characters, like the values below.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub method: Option<String>,
    /// Up to 8,192 characters.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub path: Option<String>,
    /// Up to 128 entries, like those below; names may be in any case.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub headers: Entries<String>,
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub query: Entries<String>,
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub cookies: Entries<String>,
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub arguments: Entries<String>,
    /// Ids of instances that the call must not go to, up to 128.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

/// The caller of a call as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromDocument {
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub namespace: Option<String>,
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub service: Option<String>,
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub metadata: Entries<String>,
    #[serde(default, skip_serializing_if = "LocationDocument::is_empty")]
    pub location: LocationDocument,
    /// Its address.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub ip: Option<String>,
}

/// The callee of a call as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToDocument {
    /// By default that of the caller; if the caller has none, that of the rule or of the document whose
    /// test the call is, and `default` in a simulation.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub namespace: Option<String>,
    pub service: String,
}

/// A place as it is written; what is left out is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LocationDocument {
    pub region: String,
    pub zone: String,
    pub campus: String,
}

impl LocationDocument {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl OwnedCall {
    /// The most headers, parameters, cookies, arguments, and excluded instances, of each.
    pub const LIMIT: usize = 128;
    /// The longest value, in characters.
    pub const VALUE_LIMIT: usize = 1024;
    /// The longest path, in characters.
    pub const PATH_LIMIT: usize = 8192;

    /// Checks a document.
    ///
    /// # Errors
    /// When a part is not valid; the error names its place.
    pub fn parse(document: CallDocument) -> Result<Self, Invalid> {
        let from = document.from.unwrap_or_default();
        let text = |field: &str, text: Option<String>, limit| {
            text.map(|text| checked_text(field, &text, limit))
                .transpose()
        };
        let caller_ip = text("from.ip", from.ip.clone(), Self::VALUE_LIMIT);
        let caller = parse_caller(from).map_err(|invalid| invalid.within("from"));
        let home = caller.as_ref().ok().and_then(|one| one.namespace.clone());
        let callee = parse_callee(&document.to, home.unwrap_or_default());
        let (caller, caller_ip, callee, method, path, headers, query, cookies, arguments, excluded) =
            together((
                caller,
                caller_ip,
                callee.map_err(|invalid| invalid.within("to")),
                text("method", document.method, Self::VALUE_LIMIT),
                text("path", document.path, Self::PATH_LIMIT),
                parse_values("headers", document.headers, str::to_ascii_lowercase),
                parse_values("query", document.query, str::to_owned),
                parse_values("cookies", document.cookies, str::to_owned),
                parse_values("arguments", document.arguments, str::to_owned),
                parse_excluded(&document.exclude),
            ))?;
        Ok(Self {
            caller: Arc::new(caller),
            callee,
            method,
            path,
            caller_ip,
            headers,
            query,
            cookies,
            arguments,
            excluded,
        })
    }

    /// The call, to pick by or to explain.
    pub fn call(&self) -> Call<'_> {
        Call {
            namespace: Some(self.callee.namespace.as_str()),
            service: self.callee.service.as_str(),
            method: self.method.as_deref(),
            path: self.path.as_deref(),
            caller_ip: self.caller_ip.as_deref(),
            caller: Some(&self.caller),
            headers: Some(&self.headers),
            query: Some(&self.query),
            cookies: Some(&self.cookies),
            arguments: Some(&self.arguments),
            excluded: &self.excluded,
            ..Call::default()
        }
    }
}

fn parse_caller(from: FromDocument) -> Result<Caller, Invalid> {
    let namespace = from.namespace.as_deref().map(NamespaceName::parse);
    let service = from.service.as_deref().map(ServiceName::parse);
    let LocationDocument {
        region,
        zone,
        campus,
    } = &from.location;
    let (namespace, service, metadata, location) = together((
        namespace.transpose(),
        service.transpose(),
        Metadata::parse(from.metadata.0),
        Location::parse(region, zone, campus),
    ))?;
    Ok(Caller {
        namespace,
        service,
        metadata,
        location,
    })
}

fn parse_callee(to: &ToDocument, home: NamespaceName) -> Result<ServiceKey, Invalid> {
    let namespace = to.namespace.as_deref().map(NamespaceName::parse);
    let parts = (namespace.transpose(), ServiceName::parse(&to.service));
    let (namespace, service) = together(parts)?;
    Ok(ServiceKey::new(namespace.unwrap_or(home), service))
}

fn parse_excluded(ids: &[String]) -> Result<Vec<InstanceId>, Invalid> {
    checked_count("exclude", ids.len(), OwnedCall::LIMIT)?;
    each(ids.iter().enumerate().map(|(index, id)| {
        let placed = |invalid: Invalid| Invalid::new("", invalid.problem().clone());
        InstanceId::parse(id).map_err(|invalid| placed(invalid).at("exclude", index))
    }))
}

fn parse_values(
    field: &str,
    entries: Entries<String>,
    name_of: impl Fn(&str) -> String,
) -> Result<Vec<(String, String)>, Invalid> {
    checked_count(field, entries.0.len(), OwnedCall::LIMIT)?;
    entries.parse(field, |name, value| {
        checked_text("", name, OwnedCall::VALUE_LIMIT)?;
        let value = checked_text("", &value, OwnedCall::VALUE_LIMIT)?;
        Ok((name_of(name), value.into()))
    })
}
