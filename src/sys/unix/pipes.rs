//! Pipes, sockets and terminals: the standard output as it is, and waiting for the other end.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::sys::Ready;

/// The standard output, which takes whatever is written at once: the standard library's own cuts it at the last line's end.
pub fn stdout() -> io::Result<File> {
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

/// Waits until there is something to read from `pipe`, no longer than `limit` where there is one.
pub fn readable(pipe: &impl AsFd, limit: Option<Duration>) -> io::Result<Ready> {
    let limit = limit.map(Timespec::try_from).transpose().map_err(io::Error::other)?;
    loop {
        let mut asked = [PollFd::new(pipe, PollFlags::IN)];
        return match poll(&mut asked, limit.as_ref()) {
            Ok(0) => Ok(Ready::TimedOut),
            Ok(_) if asked[0].revents().contains(PollFlags::IN) => Ok(Ready::Bytes),
            Ok(_) => Ok(Ready::Closed),
            Err(Errno::INTR) => continue,
            Err(error) => Err(error.into()),
        };
    }
}

/// Waits until the other end is closed, whatever there is to read. `false` where that cannot be waited for.
pub fn wait_for_close(stream: &impl AsFd) -> bool {
    #[cfg(target_os = "linux")]
    let asked = PollFlags::RDHUP;
    #[cfg(not(target_os = "linux"))]
    let asked = PollFlags::empty();
    loop {
        let mut asked = [PollFd::new(stream, asked)];
        match poll(&mut asked, None) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return !asked[0].revents().contains(PollFlags::NVAL),
            Err(_) => return false,
        }
    }
}

/// Whether nobody reads `stream` any more; that is not always noticed before the next write.
pub fn is_closed(stream: &impl AsFd) -> bool {
    let mut streams = [PollFd::new(stream, PollFlags::empty())];
    let _ = poll(&mut streams, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    streams[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_has_bytes_or_is_closed() {
        let (reader, mut writer) = io::pipe().unwrap();
        assert_eq!(readable(&reader, Some(Duration::ZERO)).unwrap(), Ready::TimedOut);
        io::Write::write_all(&mut writer, b"x").unwrap();
        assert_eq!(readable(&reader, None).unwrap(), Ready::Bytes);
        io::Read::read_exact(&mut &reader, &mut [0]).unwrap();
        drop(writer);
        assert_eq!(readable(&reader, None).unwrap(), Ready::Closed);
        let (reader, writer) = io::pipe().unwrap();
        assert!(!is_closed(&writer));
        drop(reader);
        assert!(is_closed(&writer) && wait_for_close(&writer));
    }
}
