//! A chat in the terminal that comes back with jitter after a cut.
use std::io::ErrorKind::{TimedOut, WouldBlock};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{env, io, process, thread};

use tungstenite::{Error, Message, client, client::IntoClientRequest};

const SILENCE: Duration = Duration::from_secs(35); // the server pings every 25 seconds: then the line is dead

/// Returns when the line is cut.
fn talk(url: &str, typed: &Receiver<String>, attempts: &mut u32) -> Result<(), Error> {
    let request = url.into_client_request()?;
    let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(SILENCE))?;
    let (mut socket, _) = client(request, stream).map_err(io::Error::other)?;
    socket.get_ref().set_read_timeout(Some(Duration::from_millis(50)))?; // how often what is typed is looked at
    *attempts = 0;
    let mut heard = Instant::now();
    while heard.elapsed() < SILENCE {
        for text in typed.try_iter() {
            socket.send(Message::text(text))?;
        }
        match socket.read() {
            Ok(Message::Text(text)) => println!("{text}"),
            Ok(Message::Close(Some(why))) => match why.code.into() {
                // The line was too long, or we are not welcome: coming back would change nothing.
                1009_u16 | 4400 | 4403 | 4500.. => {
                    eprintln!("{}", why.reason);
                    process::exit(1)
                }
                _ => return Ok(()),
            },
            Err(Error::Io(error)) if matches!(error.kind(), WouldBlock | TimedOut) => continue,
            Err(error) => return Err(error),
            Ok(_) => (), // a ping, which is answered
        }
        heard = Instant::now();
    }
    Ok(())
}

fn main() {
    let [url, name] = env::args().skip(1).collect::<Vec<_>>().try_into().expect("URL NAME");
    let (say, typed) = channel();
    thread::spawn(move || io::stdin().lines().flatten().try_for_each(|text| say.send(format!("{name}: {text}"))));
    let mut attempts = 0;
    loop {
        let _ = talk(&url, &typed, &mut attempts);
        // Everybody who was cut at the same moment returns at another one.
        thread::sleep(Duration::from_millis(fastrand::u64(0..20_000.min(500 << attempts.min(6)))));
        attempts += 1;
    }
}
