//! The keeper of a worker, which nobody asks: the router's container with the router's memory (ledger, lease, table), and nothing
//! in front. Nobody comes in, and HAProxy checks nothing; it only follows the table, so that all that is known of how a table
//! is written, followed and read back holds here as well. The table says which instances are to work.
//!
//! It has the router's name. What was made for a service with a port is found by that, and refused, instead of a second
//! container that changes the same memory.

use super::haproxy::USERS;

/// What stands for the port of a worker, where the file has to have one: nothing ever connects to it.
pub(super) const NO_PORT: u16 = 1;

/// The fixed part of a keeper's file.
pub(super) fn fixed() -> String {
    "global\n    \
     stats socket ipv4@127.0.0.1:9999 level admin\n    \
     hard-stop-after 30s\n\
     defaults\n    \
     mode http\n    \
     timeout connect 1s\n    \
     timeout client 60s\n    \
     timeout server 60s\n\
     backend app\n    \
     balance roundrobin\n    \
     option allbackups\n"
        .to_owned()
}

/// Whether a file is a keeper's.
pub(super) fn is_kept(file: &str) -> bool {
    !file.lines().any(|line| line == USERS)
}
