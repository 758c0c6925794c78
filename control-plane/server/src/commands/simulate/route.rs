//! `merak simulate route`: which instance a call would go to, and why.

use std::{
    io::{Write as _, stdout},
    net::IpAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, builder::RangedU64ValueParser};
use merak_model::manifest::{Kind, Manifest};
use serde_json::{Map, Value, json};

use super::{expect::Expectation, pair};
use crate::commands::{
    api::{self, Api},
    documents, explanation,
    reports::Output,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  merak simulate route --from micro-api --to micro-order --header x-user=42
  merak simulate route --to micro-order --zone eu-1 --draws 1000 --seed 7
  merak simulate route --to micro-order --draft canary.yaml --expect version=v2
  merak simulate route --to micro-order --as-of 2026-01-02T10:42:00Z

Exit codes:
  0  this is where it goes, as expected
  1  it is not as expected
  2  the control plane could not be asked, or refuses the question";

#[derive(Debug, Args)]
pub(super) struct Route {
    /// Service that is called
    #[arg(long, value_name = "SERVICE")]
    to: String,
    /// Its namespace [default: that of the caller, or default]
    #[arg(long, value_name = "NAMESPACE")]
    to_namespace: Option<String>,
    #[command(flatten, next_help_heading = "Who calls")]
    caller: CallerArgs,
    #[command(flatten, next_help_heading = "What is called")]
    request: RequestArgs,
    #[command(flatten, next_help_heading = "What it is tried with")]
    trial: TrialArgs,
    /// What must be so, or the command exits with 1: a label that every candidate has, or instance=ID, verdict=routed, rejected or no_instance, decided_by=PLACE; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    expect: Vec<Expectation>,
    /// Control plane to ask [default: $MERAK_SERVER, or http://127.0.0.1:8090]
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// How to print the answer
    #[arg(long, value_name = "FORM", default_value = "text")]
    output: Output,
}

#[derive(Debug, Args)]
struct CallerArgs {
    /// Service that calls
    #[arg(long, value_name = "SERVICE")]
    from: Option<String>,
    /// Its namespace
    #[arg(long, value_name = "NAMESPACE")]
    from_namespace: Option<String>,
    /// Label of it; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    from_label: Vec<(String, String)>,
    /// Its address
    #[arg(long, value_name = "IP")]
    from_ip: Option<IpAddr>,
    /// Region that it is in
    #[arg(long)]
    region: Option<String>,
    /// Zone that it is in
    #[arg(long)]
    zone: Option<String>,
    /// Campus that it is in
    #[arg(long)]
    campus: Option<String>,
}

#[derive(Debug, Args)]
struct RequestArgs {
    /// HTTP verb, or full name of the gRPC method
    #[arg(long)]
    method: Option<String>,
    /// Path of the request
    #[arg(long)]
    path: Option<String>,
    /// Header; may be repeated, like those below, each name once: a header that a request has several times counts as its first value
    #[arg(long, short = 'H', value_name = "NAME=VALUE", value_parser = pair)]
    header: Vec<(String, String)>,
    /// Query parameter
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    query: Vec<(String, String)>,
    /// Cookie
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    cookie: Vec<(String, String)>,
    /// Argument that the application gives
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    arg: Vec<(String, String)>,
    /// Id of an instance that the call must not go to
    #[arg(long, value_name = "ID")]
    exclude: Vec<String>,
}

#[derive(Debug, Args)]
struct TrialArgs {
    /// File with a RoutingRule that is tried as if it was written
    #[arg(long, value_name = "FILE")]
    draft: Option<PathBuf>,
    /// How often to draw, to see how many of the draws each instance gets
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = RangedU64ValueParser::<u64>::new().range(..=100_000))]
    draws: u64,
    /// What chance is drawn from: equal seeds give equal answers
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Rules and instances as they were after a revision, or at an RFC 3339 time
    #[arg(long, value_name = "MOMENT")]
    as_of: Option<String>,
}

impl Route {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut body = json!({
            "request": self.request()?,
            "draws": self.trial.draws,
            "seed": self.trial.seed,
        });
        if let Some(file) = &self.trial.draft {
            body["draft"] = draft(file)?;
        }
        let mut path = "/api/v1/simulate/route".to_owned();
        if let Some(as_of) = &self.trial.as_of {
            path += &format!("?as_of={}", api::percent_encoded(as_of));
        }
        let mut answer = Api::of(self.server.as_deref())?.post(&path, &body).await?;
        let checks = self.expect.iter();
        let mismatches: Vec<String> = checks.filter_map(|one| one.mismatch(&answer)).collect();
        let text = match self.output {
            Output::Text => self.text(&answer, &mismatches),
            Output::Json => {
                answer["mismatches"] = mismatches.clone().into();
                serde_json::to_string_pretty(&answer)?
            }
        };
        writeln!(stdout(), "{text}")?;
        Ok(ExitCode::from(u8::from(!mismatches.is_empty())))
    }

    fn request(&self) -> anyhow::Result<Value> {
        let (caller, request) = (&self.caller, &self.request);
        let mut from = Map::new();
        put(&mut from, "namespace", caller.from_namespace.as_deref());
        put(&mut from, "service", caller.from.as_deref());
        let ip = caller.from_ip.map(|ip| ip.to_string());
        put(&mut from, "ip", ip.as_deref());
        let labels = object("--from-label", &caller.from_label, str::to_owned)?;
        from.insert("metadata".to_owned(), labels);
        let mut location = Map::new();
        put(&mut location, "region", caller.region.as_deref());
        put(&mut location, "zone", caller.zone.as_deref());
        put(&mut location, "campus", caller.campus.as_deref());
        from.insert("location".to_owned(), location.into());
        let mut to = Map::new();
        put(&mut to, "namespace", self.to_namespace.as_deref());
        put(&mut to, "service", Some(&self.to));
        let mut call = Map::new();
        call.insert("from".to_owned(), from.into());
        call.insert("to".to_owned(), to.into());
        put(&mut call, "method", request.method.as_deref());
        put(&mut call, "path", request.path.as_deref());
        // The names of headers are the same in any case.
        let headers = object("--header", &request.header, str::to_ascii_lowercase)?;
        call.insert("headers".to_owned(), headers);
        for (flag, name, pairs) in [
            ("--query", "query", &request.query),
            ("--cookie", "cookies", &request.cookie),
            ("--arg", "arguments", &request.arg),
        ] {
            call.insert(name.to_owned(), object(flag, pairs, str::to_owned)?);
        }
        call.insert("exclude".to_owned(), request.exclude.clone().into());
        Ok(call.into())
    }

    fn text(&self, answer: &Value, mismatches: &[String]) -> String {
        let from = self.caller.from.as_deref().unwrap_or("somebody");
        let mut lines = vec![format!("{from} calls {}", self.to)];
        let distribution = answer.get("distribution");
        lines.extend(explanation::lines(answer, distribution));
        lines.push(String::new());
        lines.push(revisions(&answer["revisions"]));
        if !mismatches.is_empty() {
            lines.push(String::new());
        }
        let unexpected = mismatches
            .iter()
            .map(|one| format!("not as expected: {one}"));
        lines.extend(unexpected);
        lines.join("\n")
    }
}

/// What was looked at, by the newest change in it.
fn revisions(revisions: &Value) -> String {
    let kinds = [
        ("instances", "instances"),
        ("routing_rules", "routing rules"),
        ("nearby_rule", "nearby rule"),
    ];
    let known = kinds.into_iter().filter_map(|(key, noun)| {
        let revision = revisions[key].as_u64()?;
        Some(format!("{noun} {revision}"))
    });
    let known: Vec<String> = known.collect();
    match known.join(", ") {
        none if none.is_empty() => "nothing was there to look at".to_owned(),
        known => format!("looked at, by revision: {known}"),
    }
}

fn put(object: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value.into());
    }
}

/// What a flag was given, by names that stand once: a rule looks at one value.
fn object(
    flag: &str,
    pairs: &[(String, String)],
    name_of: impl Fn(&str) -> String,
) -> anyhow::Result<Value> {
    let mut object = Map::new();
    for (name, value) in pairs {
        let earlier = object.insert(name_of(name), Value::from(value.clone()));
        anyhow::ensure!(
            earlier.is_none(),
            "{flag} {name}={value}: `{name}` is given more than once"
        );
    }
    Ok(object.into())
}

/// The rule in a file, as the API takes it.
fn draft(file: &Path) -> anyhow::Result<Value> {
    let documents = documents::read(&[file.to_owned()])?;
    let [document] = &documents[..] else {
        anyhow::bail!(
            "--draft {}: {} documents, and not one",
            file.display(),
            documents.len()
        );
    };
    let at = |pointer: &str| format!("{}:{}", document.file, document.line_of(pointer));
    let value = document.content.as_ref();
    let value = value.map_err(|message| anyhow::anyhow!("{}: {message}", at("")))?;
    let manifest = Manifest::read(value);
    if let Err(invalid) = &manifest.content {
        let faults = invalid.faults();
        let faults: Vec<String> = faults
            .map(|one| format!("{}: {one}", at(&one.pointer())))
            .collect();
        anyhow::bail!("{}", faults.join("\n"));
    }
    let (Some(Kind::RoutingRule), Some(key)) = (manifest.kind, manifest.key) else {
        anyhow::bail!("{}: a draft is a RoutingRule", at("/kind"));
    };
    Ok(json!({"namespace": key.namespace, "name": key.name, "spec": value["spec"]}))
}
