//! With what a package is sent, or a Prometheus asked.

use super::RegistryAuth;
use crate::protocol::Authorization;

/// Names of environment variables: a token, or a user's name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// This one holds a token.
    Token(String),
    /// These hold a user's name and a password.
    Password(RegistryAuth),
}

impl Credentials {
    /// Who sends to an index. The name that goes with a token is the same at every one.
    #[must_use]
    pub(crate) fn at_an_index(&self) -> Authorization {
        let named = |password| Authorization::Named {
            user: "__token__".to_owned(),
            password,
        };
        self.with(named)
    }

    /// Who asks an interface.
    #[must_use]
    pub(crate) fn at_an_interface(&self) -> Authorization {
        self.with(|name| Authorization::Variable { name })
    }

    fn with(&self, token: impl FnOnce(String) -> Authorization) -> Authorization {
        match self.clone() {
            Self::Token(name) => token(name),
            Self::Password(RegistryAuth { user, password }) => {
                Authorization::Basic { user, password }
            }
        }
    }

    /// The name of the variable that holds the secret.
    #[must_use]
    pub fn secret(&self) -> &str {
        match self {
            Self::Token(name) => name,
            Self::Password(auth) => &auth.password,
        }
    }
}
