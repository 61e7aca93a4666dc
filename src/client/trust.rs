//! Whether a host is who it was: by the certificate an invitation named, by the one it had the last time, or by the
//! system's roots. Keeps the file of known hosts. Who is asked about a stranger, and what is dialled, is decided elsewhere.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use crate::protocol::fingerprint::Fingerprint;

/// Hosts that are remembered: more than anybody goes to, and a file that is read in no time. The oldest goes.
const HOSTS: usize = 1_000;

/// The largest file of known hosts that is read: [`HOSTS`] lines of a name and a fingerprint.
const FILE_BYTES: u64 = 1024 * 1024;

/// The file of known hosts: an authority and a fingerprint on each line.
#[derive(Clone, Debug)]
pub struct KnownHosts {
    path: PathBuf,
}

impl KnownHosts {
    /// Kept in this file, which is made when it is needed.
    pub fn at(path: PathBuf) -> KnownHosts {
        KnownHosts { path }
    }

    /// The file, for sentences that tell of it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What this host had the last time. An error when there may be something that cannot be read: then nobody is trusted.
    pub fn get(&self, authority: &str) -> io::Result<Option<Fingerprint>> {
        Ok(self.read()?.into_iter().rev().find(|(known, _)| known == authority).map(|(_, print)| print))
    }

    /// From now on this host is known by that.
    pub fn keep(&self, authority: &str, print: Fingerprint) -> io::Result<()> {
        let mut all = self.read()?;
        if all.iter().any(|known| *known == (authority.to_owned(), print)) {
            return Ok(());
        }
        all.retain(|(known, _)| known != authority);
        all.push_back((authority.to_owned(), print));
        while all.len() > HOSTS {
            all.pop_front();
        }
        let text: String = all.iter().map(|(known, print)| format!("{known} {print}\n")).collect();
        if let Some(dir) = self.path.parent() {
            fs::create_dir_all(dir)?;
        }
        let new = self.path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
        fs::rename(&new, &self.path)
    }

    fn read(&self) -> io::Result<VecDeque<(String, Fingerprint)>> {
        let mut text = String::new();
        match File::open(&self.path) {
            Ok(file) => file.take(FILE_BYTES).read_to_string(&mut text)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(VecDeque::new()),
            Err(e) => return Err(e),
        };
        let line = |line: &str| {
            let (authority, print) = line.split_once(' ')?;
            Some((authority.to_owned(), print.trim().parse().ok()?))
        };
        Ok(text.lines().filter_map(line).collect())
    }
}

/// Why a host is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// Nobody vouches for it, and it is met for the first time.
    Stranger {
        /// What it has.
        found: Fingerprint,
    },
    /// It has another certificate than it had, or than the invitation says.
    Changed {
        /// What it should have.
        expected: Fingerprint,
        /// What it has.
        found: Fingerprint,
    },
    /// Its certificate is for somebody else, too old, or signed by nobody known. In words.
    Invalid(String),
}

/// Looks at a host's certificate, and remembers what was wrong with it.
#[derive(Debug)]
pub struct Verifier {
    expected: Option<Fingerprint>,
    /// Whether a certificate that nobody signed is a question, rather than an error.
    local: bool,
    roots: Option<rustls_platform_verifier::Verifier>,
    provider: Arc<CryptoProvider>,
    found: Mutex<Option<Distrust>>,
}

impl Verifier {
    /// For this host: with this certificate, or else with one that the system's roots vouch for.
    pub fn new(host: &str, expected: Option<Fingerprint>) -> Result<Arc<Verifier>, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let roots = match expected {
            Some(_) => None,
            None => Some(rustls_platform_verifier::Verifier::new(provider.clone()).map_err(|e| e.to_string())?),
        };
        Ok(Arc::new(Verifier { expected, local: is_local(host), roots, provider, found: Mutex::default() }))
    }

    /// What TLS is spoken with.
    pub fn config(self: &Arc<Verifier>) -> Result<ClientConfig, String> {
        let config = ClientConfig::builder_with_provider(self.provider.clone()).with_safe_default_protocol_versions();
        let config = config.map_err(|e| e.to_string())?.dangerous().with_custom_certificate_verifier(self.clone());
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Why the handshake failed, when it was for the certificate.
    pub fn distrust(&self) -> Option<Distrust> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn no(&self, why: Distrust) -> Error {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = Fingerprint::of(certificate);
        match (self.expected, &self.roots) {
            (Some(expected), _) if expected == found => Ok(ServerCertVerified::assertion()),
            (Some(expected), _) => Err(self.no(Distrust::Changed { expected, found })),
            (None, Some(roots)) => roots
                .verify_server_cert(certificate, between, name, stapled, now)
                .map_err(|error| self.no(self.judge(&error, found))),
            (None, None) => Err(self.no(Distrust::Stranger { found })),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl Verifier {
    /// What the roots have against it. On one's own network nobody vouches for a host, so there one may know better.
    fn judge(&self, error: &Error, found: Fingerprint) -> Distrust {
        let own = |error: &OtherError| error.to_string().contains("CaUsedAsEndEntity");
        let words = match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) if self.local => {
                return Distrust::Stranger { found };
            }
            Error::InvalidCertificate(CertificateError::Other(why)) if self.local && own(why) => {
                return Distrust::Stranger { found };
            }
            Error::InvalidCertificate(why) => match why {
                CertificateError::UnknownIssuer => {
                    "nobody known vouches for its certificate; an invitation of its owner would say which one is right"
                        .to_owned()
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    "its certificate has expired, or the clock of this machine is wrong".to_owned()
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    "its certificate is not valid yet, or the clock of this machine is wrong".to_owned()
                }
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    "its certificate is for another name: somebody else may have answered".to_owned()
                }
                CertificateError::Revoked => "its certificate was revoked".to_owned(),
                other => format!("its certificate is not valid: {other}"),
            },
            other => format!("its certificate cannot be checked: {other}"),
        };
        Distrust::Invalid(words)
    }
}

/// Whether a host is on a network of one's own, where no authority vouches for anybody.
fn is_local(host: &str) -> bool {
    match host.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => ip.is_private() || ip.is_link_local() || ip.is_loopback(),
        Ok(IpAddr::V6(ip)) => ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback(),
        Err(_) => {
            let name = host.trim_end_matches('.');
            !name.contains('.') || [".local", ".lan", ".internal", ".home.arpa"].iter().any(|end| name.ends_with(end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hosts_are_kept_and_replaced() {
        let dir = tempfile::tempdir().expect("a folder");
        let known = KnownHosts::at(dir.path().join("state/known_hosts"));
        let (a, b) = (Fingerprint::of(b"a"), Fingerprint::of(b"b"));
        assert_eq!(known.get("h:1").expect("no file is fine"), None);
        known.keep("h:1", a).expect("kept");
        known.keep("h:2", a).expect("kept");
        known.keep("h:1", b).expect("kept");
        assert_eq!(known.get("h:1").expect("read"), Some(b));
        assert_eq!(known.get("h:2").expect("read"), Some(a));
        assert_eq!(fs::read_to_string(known.path()).expect("read").lines().count(), 2);
        for n in 0..HOSTS {
            let line = format!("x{n}:1 {a}\n");
            let mut file = OpenOptions::new().append(true).open(known.path()).expect("there");
            file.write_all(line.as_bytes()).expect("written");
        }
        known.keep("last:1", a).expect("kept");
        assert_eq!(fs::read_to_string(known.path()).expect("read").lines().count(), HOSTS);
    }

    #[test]
    fn lines_that_are_none_are_passed_over_and_a_file_that_cannot_be_read_is_an_error() {
        let dir = tempfile::tempdir().expect("a folder");
        let known = KnownHosts::at(dir.path().join("known_hosts"));
        let a = Fingerprint::of(b"a");
        fs::write(known.path(), format!("# mine\nnonsense\nh:1 short\nh:1 {a}\n")).expect("written");
        assert_eq!(known.get("h:1").expect("read"), Some(a));
        fs::write(known.path(), [0xff, 0xfe]).expect("written");
        assert!(known.get("h:1").is_err());
    }

    #[test]
    fn a_clock_that_is_off_is_named_and_a_pin_does_not_mind() {
        const NOON: u64 = 1_900_000_000;
        const HOUR: u64 = 3600;
        let at = |secs: u64| UnixTime::since_unix_epoch(std::time::Duration::from_secs(secs));
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("no names");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = authority.self_signed(&key).expect("signed");
        let issuer = rcgen::Issuer::from_params(&authority, &key);
        let mut leaf = rcgen::CertificateParams::new(vec!["chat.example".to_owned()]).expect("a name");
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        leaf.not_before = epoch + std::time::Duration::from_secs(NOON - HOUR / 2);
        leaf.not_after = epoch + std::time::Duration::from_secs(NOON + HOUR / 2);
        leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        let own = rcgen::KeyPair::generate().expect("a key");
        let leaf = leaf.signed_by(&own, &issuer).expect("signed");

        let provider = Arc::new(aws_lc_rs::default_provider());
        let extra = [root.der().clone()];
        let roots = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider.clone()).expect("roots");
        let with = |expected, roots| Verifier {
            expected,
            local: false,
            roots,
            provider: provider.clone(),
            found: Mutex::default(),
        };
        let name = ServerName::try_from("chat.example").expect("a name");
        let look = |verifier: &Verifier, now| {
            let _ = verifier.verify_server_cert(leaf.der(), &[], &name, &[], at(now));
            verifier.distrust()
        };
        let verifier = with(None, Some(roots));
        assert_eq!(look(&verifier, NOON), None);
        for (now, words) in [(NOON - HOUR, "not valid yet"), (NOON + HOUR, "has expired")] {
            let Some(Distrust::Invalid(why)) = look(&verifier, now) else { panic!("{words}") };
            assert!(why.contains(words) && why.contains("the clock of this machine is wrong"), "{why}");
        }
        let pinned = with(Some(Fingerprint::of(leaf.der())), None);
        assert_eq!((look(&pinned, NOON - HOUR), look(&pinned, NOON + HOUR)), (None, None));
    }

    #[test]
    fn where_a_stranger_is_a_question() {
        for host in ["192.168.1.5", "10.0.0.1", "fe80::1", "fd00::1", "laptop", "laptop.local", "127.0.0.2"] {
            assert!(is_local(host), "{host}");
        }
        for host in ["chat.example", "192.0.2.7", "2001:db8::1", "local.example"] {
            assert!(!is_local(host), "{host}");
        }
    }
}
