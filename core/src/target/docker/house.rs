//! What is read while the house is made: the network, and who holds the address that the router needs.

use super::survey::{NO_VOLUME, NOT_ASKED, Trouble, stdout, succeeded, words};
use super::{Docker, Subnet};
use crate::protocol::Completion;

impl Docker {
    /// The network, where it was asked for and exists.
    pub(super) fn learn_network(&mut self, inspected: Option<&Completion>) {
        if let Some(network) = inspected.filter(|network| succeeded(network)) {
            self.subnet = stdout(network).split_whitespace().find_map(Subnet::parse);
        }
    }

    /// The range of addresses that the engine found free.
    ///
    /// # Errors
    /// Where it did not say.
    pub fn read_range(&self, done: &[Completion]) -> Result<Subnet, Trouble> {
        if let Some(failed) = done.iter().skip(1).find(|it| !succeeded(it)) {
            return Err(Trouble::of(failed));
        }
        self.range_of(done.get(2))
    }

    /// The network that was made. `Err` of the first kind: networks that stand beside each other under its name, to be
    /// removed.
    ///
    /// # Errors
    /// Where it could not be made.
    pub fn read_network(
        &mut self,
        done: &[Completion],
    ) -> Result<Result<Subnet, Vec<String>>, Trouble> {
        let [created, counted, ..] = done else {
            return Err(done.last().map_or(NOT_ASKED, Trouble::of));
        };
        let ids: Vec<String> = stdout(counted).lines().map(str::to_owned).collect();
        if ids.len() > 1 {
            // One's own; where none is, whoever made them sees to it.
            let own = succeeded(created).then(|| stdout(created).trim().to_owned());
            return Ok(Err(own.into_iter().collect()));
        }
        match done.last().filter(|it| !succeeded(it)) {
            Some(failed) => Err(Trouble::of(failed)),
            None => {
                let subnet = self.range_of(done.get(2))?;
                self.subnet = Some(subnet);
                Ok(Ok(subnet))
            }
        }
    }

    fn range_of(&self, inspected: Option<&Completion>) -> Result<Subnet, Trouble> {
        let mut words = inspected
            .into_iter()
            .flat_map(|it| stdout(it).split_whitespace());
        words.find_map(Subnet::parse).ok_or_else(|| Trouble {
            code: "network-unfit",
            text: format!(
                "network {} has no IPv4 range to pin addresses in",
                self.network()
            ),
        })
    }

    /// Whether the volume remembers a service of the other form: nothing in it was touched.
    #[must_use]
    pub fn read_other_form(&self, done: &[Completion]) -> bool {
        let is_told = |it: &Completion| stdout(it).lines().any(|it| it == "result=another-form");
        done.iter().any(is_told)
    }

    /// Whether there is a volume that remembers.
    ///
    /// # Errors
    /// Where the engine did not say.
    pub fn read_volume(&self, done: &[Completion]) -> Result<bool, Trouble> {
        let asked = done.first().ok_or(NOT_ASKED)?;
        let none = words(asked);
        match succeeded(asked) {
            true => Ok(true),
            false if NO_VOLUME.iter().any(|it| none.contains(it)) => Ok(false),
            false => Err(Trouble::of(asked)),
        }
    }

    /// Who publishes the router's port on its address, among containers.
    #[must_use]
    pub fn read_publisher(&mut self, done: &[Completion]) -> Option<String> {
        self.learn_network(done.get(1));
        let (address, port) = self.setup.listen.as_deref()?.rsplit_once(':')?;
        let any = |host: &str| matches!(host, "0.0.0.0" | "::" | "[::]" | "*");
        let clash = |host: &str| host == address || any(host) || any(address);
        let published = |ports: &str| {
            let hosts = ports
                .split(", ")
                .filter_map(|it| it.split_once("->")?.0.rsplit_once(':'));
            hosts
                .into_iter()
                .any(|(host, it)| it == port && clash(host))
        };
        let lines = stdout(done.first()?).lines();
        let holder = lines
            .filter_map(|line| line.split_once('\t'))
            .find(|(_, ports)| published(ports))?;
        Some(format!("the container {}", holder.0))
    }

    /// Who listens on the router's address, among processes. `None`: nobody, or nobody could be asked.
    #[must_use]
    pub fn read_listener(&self, done: &[Completion]) -> Option<String> {
        let (address, _) = self.setup.listen.as_deref()?.rsplit_once(':')?;
        let clash = |bound: &str| {
            bound == address || bound == "*" || address == "0.0.0.0" || address == "[::]"
        };
        let lines = stdout(done.first()?)
            .lines()
            .filter_map(|line| line.strip_prefix("listener "));
        lines
            .filter_map(|line| line.split_once(' '))
            .find(|(bound, _)| clash(bound))
            .map(|(_, who)| who.to_owned())
    }
}

/// Tells who listens on a TCP port of the host: `listener ADDRESS WHO`, one a line.
///
/// Sockets are found in the kernel's tables, their owners by looking through the processes' descriptors.
pub(super) fn listeners_script(port: u16) -> String {
    format!(
        "main() {{\n\
         want=$(printf '%04X' {port})\n\
         cat /proc/net/tcp /proc/net/tcp6 2> /dev/null | while read -r _ local _ state _ _ _ _ _ inode _; do\n\
         [ \"$state\" = 0A ] && [ \"${{local##*:}}\" = \"$want\" ] || continue\n\
         case \"${{local%:*}}\" in\n\
         0100007F) at=127.0.0.1 ;;\n\
         00000000 | 00000000000000000000000000000000) at='*' ;;\n\
         00000000000000000000000001000000) at='[::1]' ;;\n\
         *) h=${{local%:*}}; at=$(printf '%d.%d.%d.%d' \"0x${{h#??????}}\" \"0x$(echo \"$h\" | cut -c5-6)\" \"0x$(echo \"$h\" | cut -c3-4)\" \"0x$(echo \"$h\" | cut -c1-2)\" 2> /dev/null) ;;\n\
         esac\n\
         who='a process that could not be told'\n\
         for fd in /proc/[0-9]*/fd/*; do\n\
         if [ \"$(readlink \"$fd\" 2> /dev/null)\" = \"socket:[$inode]\" ]; then\n\
         pid=${{fd#/proc/}}; pid=${{pid%%/*}}; who=\"the process $(cat /proc/$pid/comm) (pid $pid)\"; break; fi\n\
         done\n\
         echo \"listener $at $who\"\n\
         done\n\
         }}\nmain\n"
    )
}
