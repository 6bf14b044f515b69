//! A chat in the terminal that comes back with jitter after a cut, misses nothing and repeats nothing.
use std::io::ErrorKind::{TimedOut, WouldBlock};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};
use std::{env, io, process, thread};

use serde_json::{Value, json};
use tungstenite::{Error, Message, client, client::IntoClientRequest};

const CHANNEL: &str = "public:lobby";
const SILENCE: Duration = Duration::from_secs(35); // the server pings every 25 seconds

struct Chat {
    lines: Receiver<Value>,  // what was typed, as commands
    unsaid: Option<Value>,   // the one that the server has not confirmed yet
    position: Option<Value>, // of the newest line that was shown
    attempts: u32,
}

impl Chat {
    /// Returns when the line is cut or dead.
    fn talk(&mut self, url: &str) -> Result<(), Error> {
        let request = url.into_client_request()?;
        let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let stream = TcpStream::connect(authority)?;
        stream.set_read_timeout(Some(SILENCE))?;
        let (mut socket, _) = client(request, stream).map_err(io::Error::other)?;
        socket.get_ref().set_read_timeout(Some(Duration::from_millis(50)))?; // how often what is typed is looked at
        let mut subscribe = self.position.clone().unwrap_or_else(|| json!({}));
        subscribe["channel"] = json!(CHANNEL);
        subscribe["recover"] = json!(self.position.is_some());
        socket.send(Message::text(json!({"id": 1, "connect": {}}).to_string()))?;
        socket.send(Message::text(json!({"id": 2, "subscribe": subscribe}).to_string()))?;
        let (mut heard, mut is_up) = (Instant::now(), false);
        while heard.elapsed() < SILENCE {
            if is_up
                && self.unsaid.is_none()
                && let Ok(line) = self.lines.try_recv()
            {
                socket.send(Message::text(line.to_string()))?;
                self.unsaid = Some(line);
            }
            let frame = match socket.read() {
                Ok(Message::Text(frame)) => frame,
                Ok(Message::Close(Some(why))) => match why.code.into() {
                    // The line was too long, or we are not welcome: coming back would change nothing.
                    1009_u16 | 3500..=3999 | 4500..=4999 => quit(&why.reason),
                    _ => return Ok(()),
                },
                Err(Error::Io(error)) if matches!(error.kind(), WouldBlock | TimedOut) => continue,
                Ok(_) => continue,
                Err(error) => return Err(error),
            };
            heard = Instant::now();
            for line in frame.lines() {
                let reply: Value = serde_json::from_str(line).expect("the server speaks JSON");
                let (error, subscribed, push) = (&reply["error"], &reply["subscribe"], &reply["push"]);
                if error["temporary"] == true || push.get("unsubscribe").is_some() {
                    return Ok(());
                } else if error.is_object() {
                    quit(&error["message"].to_string());
                } else if subscribed.is_object() {
                    if self.position.is_some() && subscribed["recovered"] != true {
                        eprintln!("some lines were lost");
                    }
                    self.position = Some(json!({"epoch": subscribed["epoch"], "offset": subscribed["offset"]}));
                    (is_up, self.attempts) = (true, 0);
                    if let Some(line) = &self.unsaid {
                        socket.send(Message::text(line.to_string()))?;
                    }
                } else if reply["id"] == 3 {
                    self.unsaid = None;
                } else if let (Some(publication), Some(position)) = (push.get("pub"), &mut self.position) {
                    let [name, text] = ["name", "text"].map(|each| publication["data"][each].as_str().unwrap_or("?"));
                    println!("{name}: {text}");
                    position["offset"] = publication["offset"].clone();
                } else if reply == json!({}) {
                    socket.send(Message::text("{}"))?; // the answer to a ping
                }
            }
        }
        Ok(())
    }
}

fn quit(why: &str) -> ! {
    eprintln!("{why}");
    process::exit(1)
}

fn main() {
    let [url, name] = env::args().skip(1).collect::<Vec<_>>().try_into().expect("URL NAME");
    let (typed, lines) = sync_channel(0);
    thread::spawn(move || {
        for text in io::stdin().lines().map_while(Result::ok) {
            // The key stays when the line is said again after a cut, so that nobody hears it twice.
            let key = format!("{:032x}", fastrand::u128(..));
            let data = json!({"channel": CHANNEL, "key": key, "data": {"name": name, "text": text}});
            let _ = typed.send(json!({"id": 3, "rpc": {"method": "tide.publish", "data": data}}));
        }
    });
    let mut chat = Chat { lines, unsaid: None, position: None, attempts: 0 };
    loop {
        let _ = chat.talk(&url);
        let most = 20_000.min(500 << chat.attempts.min(6));
        chat.attempts += 1;
        thread::sleep(Duration::from_millis(fastrand::u64(0..most)));
    }
}
