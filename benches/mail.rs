//! Messages a second over SMTP: this program's transport, or lettre's pool, to a server that is there.
//!     cargo bench --bench mail -- ours|pool PORT none|wrapper COUNT CA_FILE
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at the unexpected"
)]

use konet_billing::mail::{Handover, Outcome, ServerSettings, Settings, Tls, Transport};
use lettre::transport::smtp::client::{Certificate, Tls as LettreTls, TlsParameters};
use lettre::{SmtpTransport, Transport as _};
use std::time::{Duration, Instant};

fn main() {
    let arguments: Vec<String> = std::env::args().filter(|a| a != "--bench").skip(1).collect();
    let [who, port, tls, count, ca] = arguments.as_slice() else { return };
    let (port, count): (u16, u32) = (port.parse().unwrap(), count.parse().unwrap());
    // a card's message: about 40 KB
    let line = format!("{}\r\n", "x".repeat(74));
    let head =
        "From: a@konet.example\r\nTo: b@alpha.example\r\nMessage-ID: <1@konet.example>\r\nSubject: x\r\n\r\n";
    let bytes = format!("{head}{}", line.repeat(40_000 / 76)).into_bytes();
    let begun;
    if who == "ours" {
        let mut transport = Transport::new(&Settings::Server(ServerSettings {
            host: "localhost".to_owned(),
            port,
            tls: if tls == "wrapper" { Tls::Wrapper } else { Tls::None },
            login: None,
            ca_file: (tls == "wrapper").then(|| ca.into()),
            command_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
        }));
        begun = Instant::now();
        for _ in 0..count {
            let handover = Handover {
                from: "a@konet.example",
                to: "b@alpha.example",
                message_id: "<1@konet.example>",
                bytes: &bytes,
            };
            let outcome = transport.deliver(&handover, &mut || Ok(())).unwrap();
            assert!(matches!(outcome, Outcome::Sent(_)), "{outcome:?}");
        }
    } else {
        let tls = if tls == "wrapper" {
            let pem = std::fs::read(ca).unwrap();
            let parameters = TlsParameters::builder("localhost".to_owned())
                .add_root_certificate(Certificate::from_pem(&pem).unwrap())
                .build()
                .unwrap();
            LettreTls::Wrapper(parameters)
        } else {
            LettreTls::None
        };
        let transport = SmtpTransport::builder_dangerous("localhost").port(port).tls(tls).build();
        let envelope = lettre::address::Envelope::new(
            Some("a@konet.example".parse().unwrap()),
            vec!["b@alpha.example".parse().unwrap()],
        )
        .unwrap();
        begun = Instant::now();
        for _ in 0..count {
            transport.send_raw(&envelope, &bytes).unwrap();
        }
    }
    println!("{:.0}", f64::from(count) / begun.elapsed().as_secs_f64());
}
