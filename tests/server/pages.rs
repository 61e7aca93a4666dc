//! The pages: who is sent which, under which headers, how small they are, and that the gate stands in front of them.

use std::io::Read;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::host::{Host, soon};

const BROWSER: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\n";

/// An answer: status, headers in lower case, body.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// As a browser reads it.
    fn text(&self) -> String {
        match self.header("content-encoding") {
            Some("gzip") => {
                let mut text = String::new();
                flate2::read::GzDecoder::new(&self.body[..]).read_to_string(&mut text).expect("it is gzip of text");
                text
            }
            other => {
                assert_eq!(other, None);
                String::from_utf8(self.body.clone()).expect("it is text")
            }
        }
    }
}

async fn ask(host: &Host, method: &str, path: &str, more: &str) -> Answer {
    let mut socket = TcpStream::connect(host.addr).await.expect("it listens");
    let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost:8080\r\n{more}\r\n");
    socket.write_all(request.as_bytes()).await.expect("it reads");
    let mut all = Vec::new();
    soon("an answer", socket.read_to_end(&mut all)).await.expect("it answers");
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").expect("a head ends");
    let head = String::from_utf8(all[..end].to_vec()).expect("a head is text").to_lowercase();
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
    Answer { status, head, body: all[end + 4..].to_vec() }
}

/// What a page names of its own host.
fn parts(page: &str) -> Vec<String> {
    let named = page.split(['"', '\'']).filter(|word| word.starts_with("/web/"));
    named.map(str::to_owned).collect()
}

#[tokio::test]
async fn browsers_get_the_client_and_everybody_else_how_to_join() {
    let host = Host::start();
    let client = ask(&host, "GET", "/", BROWSER).await;
    assert_eq!((client.status, client.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(client.text().contains("<script type=\"module\""));
    for more in ["", "Accept: */*\r\n", "Accept: application/json\r\n", "Accept: text/html;q=0\r\n"] {
        let about = ask(&host, "GET", "/", more).await;
        assert!(about.status == 200 && about.text().contains("wschat HOST"), "{more}");
        assert_eq!(about.header("content-encoding"), None, "{more}");
    }
    for path in ["/", "/style.css"] {
        assert!(ask(&host, "GET", path, BROWSER).await.header("vary").expect("it varies").contains("accept-encoding"));
    }
    assert!(ask(&host, "GET", "/about", BROWSER).await.text().contains("wschat HOST"));
}

#[tokio::test]
async fn all_of_the_client_is_here_typed_packed_and_small() {
    let host = Host::start();
    let page = ask(&host, "GET", "/", BROWSER).await;
    let (mut packed, named) = (page.body.len(), parts(&page.text()));
    assert_eq!(named.len(), 2, "one style and one script: {named:?}");
    for path in &named {
        let part = ask(&host, "GET", path, BROWSER).await;
        assert_eq!(part.status, 200, "{path}");
        assert_eq!(part.header("content-encoding"), Some("gzip"), "{path}");
        assert_eq!(part.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(part.header("cache-control"), Some("public, max-age=31536000, immutable"), "{path}");
        let kind = if path.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
        assert_eq!(part.header("content-type"), Some(kind), "{path}");
        packed += part.body.len();
        let text = part.text();
        assert!(
            !["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("]
                .iter()
                .any(|w| text.contains(w))
        );
        for odd in ["import ", "export ", "//", "/*"] {
            assert!(!text.lines().any(|line| line.starts_with(odd)), "{path} has lines with {odd}");
        }
    }
    println!("{} parts, {packed} bytes packed", named.len() + 1);
    assert!(packed < 60_000, "the first load has {packed} bytes");
    let stale = named[0].replace("/web/", "/web/0");
    for path in
        ["/web/", "/web/-/main.js", "/web/x/../main.js", &named[0].replace("client.css", "chat.js"), stale.as_str()]
    {
        let none = ask(&host, "GET", path, BROWSER).await;
        assert_eq!((none.status, none.header("cache-control")), (404, Some("no-store")), "{path}");
    }
}

#[tokio::test]
async fn what_is_known_is_not_sent_again() {
    let host = Host::start();
    let page = ask(&host, "GET", "/", BROWSER).await;
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let tag = page.header("etag").expect("it has a tag").to_owned();
    let part = parts(&page.text()).remove(0);
    for (path, tag) in [
        ("/", tag.clone()),
        (&*part, ask(&host, "GET", &part, BROWSER).await.header("etag").expect("a tag").to_owned()),
    ] {
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".into()] {
            let again = ask(&host, "GET", path, &format!("{BROWSER}If-None-Match: {known}\r\n")).await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {known}");
            assert!(again.header("etag") == Some(&tag) && again.header("vary").is_some(), "{path}");
            assert!(again.header("content-security-policy").is_some());
        }
        assert_eq!(ask(&host, "GET", path, &format!("{BROWSER}If-None-Match: \"x\"\r\n")).await.status, 200);
    }
    let plain = ask(&host, "GET", "/", "Accept: text/html\r\nAccept-Encoding: gzip;q=0\r\n").await;
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.text(), page.text());
    assert_ne!(plain.header("etag"), Some(&*tag), "other bytes have another tag");
    let head = ask(&host, "HEAD", "/", BROWSER).await;
    assert_eq!((head.status, head.body.len(), head.header("etag")), (200, 0, Some(&*tag)));
    assert_eq!(head.header("content-length"), Some(&*page.body.len().to_string()));
    assert_eq!(ask(&host, "POST", "/", BROWSER).await.status, 405);
}

#[tokio::test]
async fn a_page_may_talk_to_its_own_host_and_to_nobody_else() {
    let host = Host::start();
    let page = ask(&host, "GET", "/", BROWSER).await;
    let policy = page.header("content-security-policy").expect("it has a policy");
    for directive in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self' ws://localhost:8080 wss://localhost:8080 ws://127.0.0.1:8080 wss://127.0.0.1:8080",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(policy.split("; ").any(|one| one == directive), "{directive} of {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    let text = page.text();
    assert!(!text.contains(" style=") && !text.contains("<style") && !text.contains(" on"), "nothing inline");
    let foreign = text.split(['"', '(']).filter(|word| word.starts_with("http") || word.starts_with("//")).count();
    assert_eq!(foreign, 0, "nothing of the page comes from elsewhere");
    let path = parts(&text).remove(0);
    for path in ["/", &path, "/about"] {
        for origin in ["https://evil.example", "null", "http://localhost.evil.example"] {
            let refused = ask(&host, "GET", path, &format!("{BROWSER}Origin: {origin}\r\n")).await;
            assert_eq!(refused.status, 403, "{path} {origin}");
            assert!(!refused.head.contains("etag"));
        }
        let own = ask(&host, "GET", path, &format!("{BROWSER}Origin: http://localhost:8080\r\n")).await;
        assert_eq!(own.status, 200, "{path}");
        let evil = format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\n{BROWSER}\r\n");
        assert!(host.http(&evil).await.starts_with("HTTP/1.1 403 "), "{path}");
    }
}
