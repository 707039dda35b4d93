//! The verifier of `mysql_native_password`, so that a role's password never reaches the server in clear: neither its log nor its
//! statistics can hold it. It is the one method that MariaDB and every PHP speak; the passwords that we generate have 130 bits, which
//! makes up for its lack of a salt.

use provost_fleet::secret::Secret;
use sha1::{Digest as _, Sha1};

/// The verifier of a password, as `mysql.global_priv` holds it.
pub(crate) fn verifier(password: &Secret) -> String {
    let twice = Sha1::digest(Sha1::digest(password.expose().as_bytes()));
    twice.iter().fold("*".to_owned(), |digits, byte| digits + &format!("{byte:02X}"))
}

/// Whether a verifier that was read from a server is that of a password.
pub(crate) fn matches(stored: &str, password: &Secret) -> bool {
    stored.eq_ignore_ascii_case(&verifier(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verifier_is_mariadbs() {
        // As `select password('password')` says.
        let made = verifier(&Secret::new("password"));
        assert_eq!(made, "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
        assert!(matches(&made.to_lowercase(), &Secret::new("password")));
        assert!(!matches(&made, &Secret::new("passwords")));
        assert!(!matches("", &Secret::new("password")));
    }
}
