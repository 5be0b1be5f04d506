//! What a release publishes besides the image, and how it ends.

use std::collections::BTreeMap;

use super::super::raw::{self, At};
use super::super::tree::NodeId;
use super::super::{Credentials, ForgeRelease, Package, Publisher, RegistryAuth, name};
use super::build::session;
use super::{Read, Reader, Reported, Wrong, code};

/// Where a session builds into where the configuration does not say.
const FOLDER: &str = "dist";

impl Reader<'_> {
    pub(super) fn packages(
        &mut self,
        at: Option<&At<BTreeMap<String, At<raw::Package>>>>,
    ) -> Read<Vec<Package>> {
        let Some(entries) = self.map(at)? else {
            return Ok(Vec::new());
        };
        let read: Vec<Read<Package>> = entries
            .iter()
            .map(|(key, at)| {
                let name = self.key(at.node, key, name::short_name);
                self.package(at, name)
            })
            .collect();
        read.into_iter().collect()
    }

    pub(super) fn release(&mut self, at: Option<&At<raw::Release>>) -> Read<Option<ForgeRelease>> {
        let Some(raw) = self.map(at)? else {
            return Ok(None);
        };
        let token = self.optional_hidden(raw.token.as_ref(), name::variable)?;
        Ok(Some(ForgeRelease { token }))
    }

    fn package(&mut self, at: &At<raw::Package>, name: Read<String>) -> Read<Package> {
        let raw = self.map(Some(at))?.ok_or(Reported)?;
        let build = self.optional(raw.build.as_ref(), session);
        let folder = self.or(raw.folder.as_ref(), FOLDER.to_owned(), name::path_inside);
        let index = self.optional(raw.index.as_ref(), name::url);
        let publisher = self.publisher(at, raw);
        let login = self.login(
            at.node,
            raw.token.as_ref(),
            raw.user.as_ref(),
            raw.password.as_ref(),
        );
        let index = index?.ok_or(Reported)?; // by the checker: it is required
        Ok(Package {
            name: name?,
            build: build?.ok_or(Reported)?, // by the checker: it is required
            folder: folder?,
            index: index.trim_end_matches('/').to_owned(),
            publisher: publisher?,
            login: login?,
        })
    }

    fn publisher(&mut self, at: &At<raw::Package>, raw: &raw::Package) -> Read<Publisher> {
        let name = self.optional(raw.publish.as_ref(), session);
        let upload = self.optional(raw.upload.as_ref(), name::url);
        match (name?, upload?) {
            (Some(name), upload) => Ok(Publisher::Session { name, upload }),
            (None, Some(upload)) => Ok(Publisher::Uv { upload }),
            (None, None) => {
                let mistake = Wrong::new(code::MISSING_KEY, "nobody is told to publish this package")
                    .help("name the session that does with `publish`, or with `upload` where `uv publish` sends files");
                Err(self.report_key(at.node, mistake))
            }
        }
    }

    /// A token, or a user with a password; none of them: nobody logs in.
    pub(super) fn login(
        &mut self,
        node: NodeId,
        token: Option<&At<String>>,
        user: Option<&At<String>>,
        password: Option<&At<String>>,
    ) -> Read<Option<Credentials>> {
        let token = self.optional_hidden(token, name::variable);
        let user = self.optional_hidden(user, name::variable);
        let password = self.optional_hidden(password, name::variable);
        let mistake = match (token?, user?, password?) {
            (None, None, None) => return Ok(None),
            (Some(token), None, None) => return Ok(Some(Credentials::Token(token))),
            (None, Some(user), Some(password)) => {
                let auth = RegistryAuth { user, password };
                return Ok(Some(Credentials::Password(auth)));
            }
            (Some(_), _, _) => Wrong::new(code::CONFLICT, "`token` and a password are both given")
                .help("leave `user` and `password` out, or `token`"),
            (None, Some(_) | None, Some(_) | None) => {
                Wrong::new(code::MISSING_KEY, "`user` and `password` go together")
                    .help("name both variables")
            }
        };
        Err(self.report_key(node, mistake))
    }
}
