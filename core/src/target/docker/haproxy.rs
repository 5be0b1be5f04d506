//! The router's configuration file, which is the routing table, and what HAProxy says of itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{STATE, keeper, sticky, times};
use crate::rollout::{Address, Entry, FULL, Member, Table};
use crate::spec::{Generation, InstanceId};

/// Where the users' requests come in, inside the router.
pub(super) const USERS_PORT: u16 = 8080;

/// The line with which a router's part for users begins.
pub(super) const USERS: &str = "frontend users";

/// Where probes come in: reachable from inside the router only.
const PROBE_PORT: u16 = 8081;

/// What of the router is fixed when it is made. A deploy never changes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The router's image.
    pub image: String,
    /// `address:port` on the target where users come in; `None`: none do, for it is a worker's keeper.
    pub listen: Option<String>,
    /// Whether requests are told the user's address.
    pub forwarded: bool,
    /// Whether the router's own checks ask for a page, or only connect.
    pub asks: bool,
    /// Milliseconds that an answer to one of them may take.
    pub check: u64,
    /// The cookie that says which version a user stays with. Other services may stand behind the same name, so it bears this one's.
    pub cookie: String,
}

/// Milliseconds that the router's own check always has: instances that are a little slow are no reason to take them out.
pub(super) const LEAST_CHECK: u64 = 2_000;

/// Where instances are on the service's own network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    base: u32,
    bits: u8,
}

impl Subnet {
    /// `172.18.0.0/16`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (ip, bits) = text.trim().split_once('/')?;
        let bits: u8 = bits.parse().ok().filter(|bits| (8..=26).contains(bits))?;
        let ip: std::net::Ipv4Addr = ip.parse().ok()?;
        Some(Self {
            base: u32::from(ip),
            bits,
        })
    }

    /// The address in full.
    #[must_use]
    pub fn address(self, address: Address) -> String {
        std::net::Ipv4Addr::from(self.base.wrapping_add(u32::from(address.0))).to_string()
    }

    /// The other way round.
    #[must_use]
    pub fn offset(self, ip: &str) -> Option<Address> {
        let ip = u32::from(ip.parse::<std::net::Ipv4Addr>().ok()?);
        u16::try_from(ip.checked_sub(self.base)?).ok().map(Address)
    }

    /// As the engine writes it.
    #[must_use]
    pub fn text(self) -> String {
        format!("{}/{}", std::net::Ipv4Addr::from(self.base), self.bits)
    }
}

/// What a line of the table needs besides the table: the port, and what the router's own check asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    /// The service's port, by generation; of a worker [`NO_PORT`](super::keeper::NO_PORT).
    pub ports: BTreeMap<Generation, u16>,
    /// The health path, by generation; `/` where there is none.
    pub paths: BTreeMap<Generation, String>,
    /// Whether the router asks for a page at all: only then does it have a map of paths.
    pub asks: bool,
    /// Whether the router checks its servers; a keeper does not.
    pub checks: bool,
    /// The network.
    pub subnet: Subnet,
    /// Milliseconds between two of the router's own checks.
    pub inter: u64,
    /// Bad ones in a row that take an instance out.
    pub fall: u32,
}

impl Lines {
    /// The options of a server's check, for the file and for the runtime interface alike: there, no default applies.
    ///
    /// `downinter` is what counts before a server's first `ready`, and how long its first check takes to begin. A failed connection takes an instance out until its
    /// next good check: requests go to the others, to a fallback, or to the last resort.
    pub(super) fn check(&self) -> String {
        if !self.checks {
            return String::new();
        }
        format!(
            "check inter {}ms fastinter 100ms downinter 50ms fall {} rise 1 observe layer4 error-limit 1 on-error mark-down",
            self.inter, self.fall
        )
    }

    /// A line an entry: `NAME ADDRESS PORT WEIGHT primary|fallback|last PATH`; a path of `-` is none.
    pub(super) fn want(&self, table: &Table) -> String {
        lines_of(table)
            .iter()
            .fold(String::new(), |mut text, line| {
                let generation = line.member.id.generation;
                let (address, port) = (
                    self.subnet.address(line.member.address),
                    self.port(generation),
                );
                let (name, kind) = (line.name(), line.kind.word());
                let path = if self.asks {
                    self.path(generation)
                } else {
                    "-"
                };
                let _ = writeln!(
                    text,
                    "{name} {address} {port} {} {kind} {path}",
                    line.weight
                );
                text
            })
    }

    /// The map from a server's name to the path that the router's own check asks for.
    pub(super) fn map(&self, table: &Table) -> String {
        lines_of(table)
            .iter()
            .filter(|line| line.kind != Kind::Last)
            .fold(String::new(), |mut text, line| {
                let _ = writeln!(
                    text,
                    "{} {}",
                    line.name(),
                    self.path(line.member.id.generation)
                );
                text
            })
    }

    fn port(&self, generation: Generation) -> u16 {
        self.ports.get(&generation).copied().unwrap_or_default()
    }

    fn path(&self, generation: Generation) -> &str {
        self.paths.get(&generation).map_or("/", String::as_str)
    }
}

/// What a server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It gets its share.
    Primary,
    /// It stands by, checked, for when no primary can be used: the old version, during a bake.
    Fallback,
    /// The same instance once more, unchecked, for when nothing else is left.
    ///
    /// A failed connection takes an instance out at once, so that users are rescued to another; where there is no
    /// other, that would make an outage of a blip, and of a health page that alone is broken.
    Last,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Fallback => "fallback",
            Self::Last => "last",
        }
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Primary => "",
            Self::Fallback => ".b",
            Self::Last => ".r",
        }
    }
}

/// One server of the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    kind: Kind,
    member: Member,
    weight: u16,
}

impl Line {
    fn name(&self) -> String {
        format!("{}{}", self.member.id, self.kind.suffix())
    }
}

/// The servers that a table comes to. A last resort stands beside the fallbacks of a bake in no table: it would take their
/// requests.
fn lines_of(table: &Table) -> Vec<Line> {
    let line = |entry: &Entry| {
        let kind = if entry.backup {
            Kind::Fallback
        } else {
            Kind::Primary
        };
        Line {
            kind,
            member: entry.member,
            weight: entry.weight,
        }
    };
    let mut lines: Vec<Line> = table.entries.iter().map(line).collect();
    let last = |entry: &Entry| Line {
        kind: Kind::Last,
        member: entry.member,
        weight: FULL,
    };
    if table.entries.iter().all(|entry| !entry.backup) {
        let serving = table.entries.iter().filter(|entry| entry.weight > 0);
        lines.extend(serving.map(last));
    } else {
        // A fallback that is not to be raised again is all that is left besides what serves: also where its health is not well.
        let primary = |entry: &&Entry| {
            table
                .entries
                .iter()
                .any(|it| it.member == entry.member && !it.backup)
        };
        let left = table
            .entries
            .iter()
            .filter(|entry| entry.backup && !primary(entry));
        lines.extend(left.map(last));
    }
    lines
}

/// What a server's name means.
pub(super) fn meaning(name: &str) -> Option<(InstanceId, Kind)> {
    let kinds = [Kind::Fallback, Kind::Last].into_iter();
    let found = kinds
        .filter_map(|kind| Some((name.strip_suffix(kind.suffix())?, kind)))
        .next();
    let (id, kind) = found.unwrap_or((name, Kind::Primary));
    let (generation, index) = id.strip_prefix('g')?.split_once('-')?;
    let id = InstanceId {
        generation: Generation(generation.parse().ok()?),
        index: index.parse().ok()?,
    };
    Some((id, kind))
}

/// The whole file.
///
/// Retries save users from an instance that just died; nothing is retried once it may have been done. `wretr` and the
/// like do not hide it from the counts: an attempt without a good answer stays one.
pub(super) fn render(setup: &Setup, lines: Option<&Lines>, table: &Table) -> String {
    let mut text = match setup.listen {
        Some(_) => front(setup),
        None => keeper::fixed(),
    };
    servers_of(&mut text, lines, table);
    text
}

/// The fixed part of a router's file.
fn front(setup: &Setup) -> String {
    let (forwarded, proto) = if setup.forwarded {
        (
            "    option forwardfor\n",
            "    http-request set-header X-Forwarded-Proto http unless { req.hdr(X-Forwarded-Proto) -m found }\n",
        )
    } else {
        ("", "")
    };
    let check = if setup.asks {
        format!(
            "    option httpchk\n    \
             http-check send meth GET uri-lf \"%[srv_name,map({STATE}/health.map,/)]\" ver HTTP/1.1 hdr Host localhost hdr Connection close\n    \
             http-check expect status 200-499\n"
        )
    } else {
        String::new()
    };
    let check_ms = setup.check.max(LEAST_CHECK);
    let (times, rules) = (times::table(), times::rules());
    let (sticky, choices) = (sticky::rules(&setup.cookie), sticky::choices());
    format!(
        "global\n    \
         stats socket ipv4@127.0.0.1:9999 level admin\n    \
         hard-stop-after 30s\n\
         defaults\n    \
         mode http\n    \
         timeout connect 1s\n    \
         timeout client 60s\n    \
         timeout server 60s\n    \
         timeout queue 5s\n    \
         timeout check {check_ms}ms\n    \
         timeout http-request 30s\n    \
         timeout tunnel 1h\n    \
         retries 3\n    \
         option redispatch 1\n    \
         retry-on conn-failure empty-response\n\
         {forwarded}\
         {times}\
         {USERS}\n    \
         bind :{USERS_PORT}\n    \
         http-request del-header x-cd-server\n\
         {proto}    \
         http-request disable-l7-retry unless {{ method GET HEAD OPTIONS }}\n\
         {rules}{sticky}    \
         default_backend app\n\
         frontend probe\n    \
         bind 127.0.0.1:{PROBE_PORT}\n    \
         http-after-response set-header x-cd-answered-by %[srv_name]\n    \
         default_backend app\n\
         backend app\n    \
         balance roundrobin\n    \
         option allbackups\n\
         {check}    \
         use-server %[req.hdr(x-cd-server)] if {{ fe_name probe }} {{ req.hdr(x-cd-server) -m found }}\n\
         {choices}"
    )
}

/// The servers of a file.
fn servers_of(text: &mut String, lines: Option<&Lines>, table: &Table) {
    if let Some(lines) = lines {
        for line in lines_of(table) {
            let generation = line.member.id.generation;
            let check = if line.kind == Kind::Last || !lines.checks {
                String::new()
            } else {
                format!(" {}", lines.check())
            };
            let backup = if line.kind == Kind::Primary {
                ""
            } else {
                " backup"
            };
            let (address, port) = (
                lines.subnet.address(line.member.address),
                lines.port(generation),
            );
            let _ = writeln!(
                text,
                "    server {} {address}:{port}{check} weight {}{backup}",
                line.name(),
                line.weight
            );
        }
    }
}

/// Milliseconds that the checks of a file may take.
pub(super) fn check_time(file: &str) -> Option<u64> {
    let mut lines = file.lines().map(str::trim);
    let time = lines.find_map(|line| line.strip_prefix("timeout check "))?;
    match time.strip_suffix("ms") {
        Some(millis) => millis.parse().ok(),
        None => Some(time.strip_suffix('s')?.parse::<u64>().ok()? * 1000),
    }
}

/// The fixed part of a file: what a deploy never changes.
pub(super) fn fixed(file: &str) -> String {
    file.lines()
        .filter(|line| !line.trim_start().starts_with("server "))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The table that a file says.
pub(super) fn parse(file: &str, subnet: Subnet) -> Table {
    let entries = file.lines().filter_map(|line| {
        let mut words = line.trim().strip_prefix("server ")?.split_whitespace();
        let (id, kind) = meaning(words.next()?)?;
        let address = subnet.offset(words.next()?.rsplit_once(':')?.0)?;
        let weight = words
            .skip_while(|word| *word != "weight")
            .nth(1)?
            .parse()
            .ok()?;
        (kind != Kind::Last).then_some(Entry {
            member: Member { id, address },
            backup: kind == Kind::Fallback,
            weight,
        })
    });
    let mut table = Table {
        entries: entries.collect(),
        sticky: None,
    };
    table.entries.sort_unstable();
    table
}

/// The ports that a file sends the requests of each generation to.
pub(super) fn ports(file: &str) -> BTreeMap<Generation, u16> {
    let ports = file.lines().filter_map(|line| {
        let mut words = line.trim().strip_prefix("server ")?.split_whitespace();
        let (id, _) = meaning(words.next()?)?;
        let (_, port) = words.next()?.rsplit_once(':')?;
        Some((id.generation, port.parse().ok()?))
    });
    ports.collect()
}

/// A server as HAProxy has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Which instance.
    pub id: InstanceId,
    /// What it is for.
    pub kind: Kind,
    /// Where its requests go.
    pub ip: String,
    /// Whether it can be used: running, and in no maintenance.
    pub usable: bool,
    /// Whether its check calls it down. One that is in maintenance is not asked.
    pub down: bool,
    /// Its weight.
    pub weight: u16,
}

/// Reads `show servers state app`.
pub(super) fn servers(text: &str) -> Vec<Server> {
    let mut columns: Vec<&str> = Vec::new();
    let mut servers = Vec::new();
    for line in text.lines() {
        if let Some(header) = line.strip_prefix("# ") {
            columns = header.split_whitespace().collect();
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let get = |column: &str| {
            let at = columns.iter().position(|name| *name == column)?;
            words.get(at).copied()
        };
        let Some((id, kind)) = get("srv_name").and_then(meaning) else {
            continue;
        };
        servers.push(Server {
            id,
            kind,
            ip: get("srv_addr").unwrap_or_default().to_owned(),
            usable: get("srv_op_state") == Some("2") && get("srv_admin_state") == Some("0"),
            down: get("srv_op_state") == Some("0") && get("srv_admin_state") == Some("0"),
            weight: get("srv_uweight")
                .and_then(|weight| weight.parse().ok())
                .unwrap_or_default(),
        });
    }
    servers
}

/// What of the table HAProxy has not, or has otherwise.
pub(super) fn differs(table: &Table, servers: &[Server], lines: &Lines) -> Vec<String> {
    let mut differs = Vec::new();
    for line in &lines_of(table) {
        let found = servers
            .iter()
            .find(|server| server.id == line.member.id && server.kind == line.kind);
        let (name, ip) = (line.name(), lines.subnet.address(line.member.address));
        match found {
            None => differs.push(format!("{name} is missing")),
            Some(server) if server.weight != line.weight => {
                differs.push(format!(
                    "{name} has weight {}, not {}",
                    server.weight, line.weight
                ));
            }
            Some(server) if server.ip != ip => {
                differs.push(format!("{name} is at {}, not {ip}", server.ip))
            }
            Some(_) => {}
        }
    }
    differs
}

/// What has traffic at HAProxy and is not in the table.
pub(super) fn unnamed(table: &Table, servers: &[Server]) -> Vec<String> {
    let wanted = lines_of(table);
    let named = |server: &&Server| {
        wanted
            .iter()
            .any(|line| line.member.id == server.id && line.kind == server.kind)
    };
    servers
        .iter()
        .filter(|server| server.usable && server.weight > 0)
        .filter(|server| !named(server))
        .map(|server| format!("{} still gets traffic", server.id))
        .collect()
}

/// What one instance's row of `show stat` says, of all requests, probes too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Attempts that have ended.
    pub(super) attempts: u64,
    /// Of those, the ones answered below 500.
    pub(super) good: u64,
    /// Attempts that have begun.
    pub(super) begun: u64,
    /// Answers that have begun, all of them.
    pub(super) answered: u64,
    /// Answers from 400 to 499.
    pub(super) refused: u64,
}

/// Reads `show stat app 4 -1`, by the names of its columns: an instance's lines are added up.
///
/// An attempt that got no answer is in no column of answers, so bad ones are what is missing: counting 5xx alone would
/// call a dead instance flawless.
pub(super) fn rows(text: &str) -> BTreeMap<InstanceId, Row> {
    let mut columns: Vec<&str> = Vec::new();
    let mut rows: BTreeMap<InstanceId, Row> = BTreeMap::new();
    for line in text.lines() {
        if let Some(header) = line.strip_prefix("# ") {
            columns = header.split(',').collect();
            continue;
        }
        let words: Vec<&str> = line.split(',').collect();
        let get = |column: &str| {
            columns
                .iter()
                .position(|name| *name == column)
                .and_then(|at| words.get(at).copied())
        };
        let number = |column: &str| {
            get(column)
                .and_then(|word| word.parse::<u64>().ok())
                .unwrap_or(0)
        };
        let Some((id, _)) = get("svname").and_then(meaning) else {
            continue;
        };
        let row = rows.entry(id).or_default();
        row.attempts += number("stot").saturating_sub(number("scur"));
        row.begun += number("stot");
        let refused = number("hrsp_4xx");
        let good = ["hrsp_1xx", "hrsp_2xx", "hrsp_3xx"].map(number);
        let good = good.into_iter().sum::<u64>() + refused;
        row.good += good;
        row.refused += refused;
        row.answered += good + number("hrsp_5xx") + number("hrsp_other");
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_down_where_its_check_says_so_and_not_in_maintenance() {
        let text = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight\n\
                    4 app 1 g1-1 10.0.0.4 2 0 256\n\
                    4 app 2 g1-2 10.0.0.5 0 0 256\n\
                    4 app 3 g1-3 10.0.0.6 0 1 256\n";
        let seen = servers(text).into_iter().map(|it| (it.usable, it.down));
        let seen: Vec<_> = seen.collect();
        assert_eq!(seen, [(true, false), (false, true), (false, false)]);
    }
}
