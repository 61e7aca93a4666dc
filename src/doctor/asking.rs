//! Asks the terminal of this process: writes the questions, waits once and for a bounded time, and leaves the terminal as
//! it was. What answers mean is in `answers`.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::answers::{AFTERWARDS, Answers, BYTES, QUESTIONS};

/// How long all answers may take: a terminal answers in a millisecond, one behind a slow SSH connection in half a second.
const WITHIN: Duration = Duration::from_millis(1500);

/// The terminal's answers, and how many columns and rows it has; in words why it could not be asked.
pub fn ask() -> Result<(Answers, (u16, u16)), String> {
    let opened = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let mut tty = opened.map_err(|_| "this process has no terminal".to_owned())?;
    let size = rustix::termios::tcgetwinsize(&tty).map(|size| (size.ws_col, size.ws_row)).unwrap_or((0, 0));
    let before = tcgetattr(&tty).map_err(|e| format!("the terminal does not say how it is set: {e}"))?;
    let answers = {
        let _back = Raw::take(&tty, &before).map_err(|e| format!("the terminal cannot be set: {e}"))?;
        let asked = tty.write_all(QUESTIONS.as_bytes()).and_then(|()| tty.flush());
        let bytes = asked.map(|()| listen(&mut tty));
        let _ = tty.write_all(AFTERWARDS.as_bytes()).and_then(|()| tty.flush());
        Answers::read(&bytes.map_err(|e| format!("the terminal cannot be asked: {e}"))?)
    };
    Ok((answers, size))
}

/// What comes until everything is answered or the time is over.
fn listen(tty: &mut File) -> Vec<u8> {
    let end = Instant::now() + WITHIN;
    let (mut bytes, mut some) = (Vec::new(), [0; 1024]);
    while bytes.len() < BYTES && Answers::read(&bytes).class.is_none() {
        let left = end.saturating_duration_since(Instant::now());
        let Ok(left) = Timespec::try_from(left) else { break };
        let mut asked = [PollFd::new(&*tty, PollFlags::IN)];
        match poll(&mut asked, Some(&left)) {
            Err(rustix::io::Errno::INTR) => continue,
            Ok(1..) => match tty.read(&mut some) {
                Ok(many) if many > 0 => bytes.extend_from_slice(&some[..many]),
                _ => break,
            },
            _ => break,
        }
    }
    bytes
}

/// The terminal gives bytes as they come, and shows none; as before when this is dropped.
struct Raw<'a> {
    tty: std::os::fd::OwnedFd,
    before: &'a Termios,
}

impl Raw<'_> {
    fn take<'a>(tty: &File, before: &'a Termios) -> std::io::Result<Raw<'a>> {
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(tty, OptionalActions::Flush, &raw)?;
        Ok(Raw { tty: tty.as_fd().try_clone_to_owned()?, before })
    }
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        // Answers that come too late are not for the shell.
        let _ = tcsetattr(&self.tty, OptionalActions::Flush, self.before);
    }
}
