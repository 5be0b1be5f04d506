//! What the engine is asked to say, in its command line's templates: named fields only, never an environment. Docker and
//! podman have the same verbs, and here and there other fields for the same thing.

use super::Program;

/// One line a container: a JSON list of these fields.
pub(super) const CONTAINER: &str = "[{{json .Name}},{{json .State.Status}},{{json .State.ExitCode}},\
{{json .State.OOMKilled}},{{json .RestartCount}},{{json .Image}},\
{{if .State.Health}}{{json .State.Health.Status}}{{else}}null{{end}},\
{{json (index .Config.Labels \"cd-action.role\")}},{{json (index .Config.Labels \"cd-action.generation\")}},\
{{json (index .Config.Labels \"cd-action.index\")}},{{json (index .Config.Labels \"cd-action.address\")}},\
{{json (index .Config.Labels \"cd-action.digest\")}},{{json (index .Config.Labels \"cd-action.config\")}},\
{{json .Config.Image}},{{json .HostConfig.PortBindings}},{{json .State.StartedAt}},\
{{json (index .Config.Labels \"cd-action.version\")}}]";

/// One line an image, of docker.
const IMAGE: &str = "[{{json .Id}},{{json .RepoDigests}},{{json .RepoTags}},\
{{json (index .Config \"Healthcheck\")}},{{json .Config.Labels}}]";

/// The same of podman, whose words for it are its own.
const PODMAN_IMAGE: &str = "[{{json .ID}},{{json .RepoDigests}},{{json .RepoTags}},{{json .HealthCheck}},{{json .Labels}}]";

/// One line an image.
pub(super) const fn image(program: Program) -> &'static str {
    match program {
        Program::Docker => IMAGE,
        Program::Podman => PODMAN_IMAGE,
    }
}

/// One line a container that is listed.
pub(super) const LISTED: &str = "{{.Names}}\t{{.Status}}";

/// A network's address range.
pub(super) const fn network(program: Program) -> &'static str {
    match program {
        Program::Docker => "{{range .IPAM.Config}}{{.Subnet}} {{end}}",
        Program::Podman => "{{range .Subnets}}{{.Subnet}} {{end}}",
    }
}

/// One line a name that an image has. Podman lists all names of an image that one was asked for by.
pub(super) const fn named(program: Program) -> &'static str {
    match program {
        Program::Docker => "{{.Tag}}",
        Program::Podman => "{{.Repository}}:{{.Tag}}",
    }
}

/// As docker writes it: podman leaves out by what it was hashed.
pub(super) fn image_id(id: &str) -> String {
    if id.len() == 64 && id.bytes().all(|it| it.is_ascii_hexdigit()) {
        format!("sha256:{id}")
    } else {
        id.to_owned()
    }
}
