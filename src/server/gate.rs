//! Who may knock: the `Host` a request asks for must be a name of this host, and an `Origin`, which only browsers send,
//! must be one of its own pages or allowed by the settings. The first stops a foreign name that was pointed at this
//! machine (DNS rebinding), the second a foreign page that speaks in its visitor's name. Pure.

use std::net::IpAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri};

/// The names and origins of the settings.
pub struct Gate {
    /// Lower case, with or without a port.
    pub names: Vec<String>,
    /// Lower case, without a slash at the end.
    pub origins: Vec<String>,
}

/// A request that is turned away.
#[derive(Debug, PartialEq, Eq)]
pub struct Turned {
    /// As what.
    pub status: StatusCode,
    /// Why, and which setting would let it in.
    pub why: &'static str,
}

const NO_HOST: Turned = Turned { status: StatusCode::BAD_REQUEST, why: "A request needs exactly one Host header." };
const NOT_OURS: Turned = Turned {
    status: StatusCode::FORBIDDEN,
    why: "This host is not called that. If it should be, put the name into `names` under [server] of its settings.",
};
const FOREIGN: Turned = Turned {
    status: StatusCode::FORBIDDEN,
    why: "Pages of that origin may not connect. If they should, put it into `allowed_origins` under [server] of the host's settings.",
};

impl Gate {
    /// The `Host` as it was asked for, or why not. `here` is the address of ours that the connection came to.
    pub fn check(&self, headers: &HeaderMap, uri: &Uri, here: IpAddr) -> Result<String, Turned> {
        let host = only(headers, &HOST).map_err(|()| NO_HOST)?.ok_or(NO_HOST)?;
        // A target in absolute form says it again (RFC 9112, 3.2.2); both must be ours.
        let ours = uri.authority().is_none_or(|authority| self.is_ours(authority.as_str(), here));
        if !ours || !self.is_ours(host, here) {
            return Err(NOT_OURS);
        }
        match only(headers, &ORIGIN) {
            Ok(None) => Ok(host.to_owned()),
            Ok(Some(origin)) if self.may_come_from(origin, here) => Ok(host.to_owned()),
            _ => Err(FOREIGN),
        }
    }

    fn may_come_from(&self, origin: &str, here: IpAddr) -> bool {
        let origin = origin.to_ascii_lowercase();
        let page = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        self.origins.contains(&origin) || page.is_some_and(|authority| self.is_ours(authority, here))
    }

    /// Whether `name[:port]` is this host: loopback, the address that was reached, or a name of the settings.
    fn is_ours(&self, name: &str, here: IpAddr) -> bool {
        let name = name.to_ascii_lowercase();
        let Ok(authority) = name.parse::<Authority>() else { return false };
        let port_is_well = authority.as_str().len() == authority.host().len() || authority.port_u16().is_some();
        if !port_is_well || name.contains('@') {
            return false;
        }
        let host = authority.host();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match bare.parse::<IpAddr>() {
            Ok(ip) => {
                let ip = ip.to_canonical();
                ip.is_loopback() || ip == here.to_canonical() || self.is_named(&name, host)
            }
            Err(_) => host == "localhost" || self.is_named(&name, host),
        }
    }

    fn is_named(&self, with_port: &str, host: &str) -> bool {
        self.names.iter().any(|name| name == with_port || name == host)
    }
}

/// The only value of a header, if there is one. Two, or one that is no text, are an error.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        _ => Err(()),
    }
}
