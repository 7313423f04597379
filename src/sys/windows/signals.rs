//! What a console and the system ask of a process: Windows has no other signals.

use std::io;
use std::task::{Context, Poll};

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown,
};

use crate::sys::Signal;

impl Signal {
    /// The exit code of a process that the signal ended, as shells spell it.
    pub fn exit_code(self) -> u8 {
        match self {
            Signal::Hangup => 129,
            Signal::Quit => 131,
            Signal::Terminate => 143,
            Signal::Interrupt
            | Signal::User1
            | Signal::User2
            | Signal::Continue
            | Signal::TerminalStop
            | Signal::WindowChange => 130,
        }
    }
}

/// One thing that may happen.
enum Event {
    C(CtrlC),
    Break(CtrlBreak),
    Close(CtrlClose),
    LogOff(CtrlLogoff),
    ShutDown(CtrlShutdown),
}

impl Event {
    /// What stands for `signal`; nothing does for those that only one process sends another.
    fn of(signal: Signal) -> io::Result<Vec<Event>> {
        Ok(match signal {
            Signal::Interrupt => vec![Event::C(ctrl_c()?)],
            Signal::Terminate => vec![Event::Break(ctrl_break()?), Event::ShutDown(ctrl_shutdown()?)],
            Signal::Hangup => vec![Event::Close(ctrl_close()?), Event::LogOff(ctrl_logoff()?)],
            _ => Vec::new(),
        })
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<()>> {
        match self {
            Event::C(event) => event.poll_recv(context),
            Event::Break(event) => event.poll_recv(context),
            Event::Close(event) => event.poll_recv(context),
            Event::LogOff(event) => event.poll_recv(context),
            Event::ShutDown(event) => event.poll_recv(context),
        }
    }
}

/// Signals that are watched.
pub struct Signals(Vec<(Signal, Event)>);

impl Signals {
    /// From now on they no longer end this process at once. The system ends it some seconds after the console was closed, the
    /// user has logged off or the machine shuts down.
    ///
    /// # Errors
    ///
    /// The system's, when one of them cannot be watched.
    pub fn watch(signals: &[Signal]) -> io::Result<Signals> {
        let mut watched = Vec::new();
        for signal in signals {
            watched.extend(Event::of(*signal)?.into_iter().map(|event| (*signal, event)));
        }
        Ok(Signals(watched))
    }

    /// The same without those that cannot be watched.
    pub fn watch_possible(signals: &[Signal]) -> Signals {
        let watched = signals.iter().map(|signal| Signals::watch(&[*signal]));
        let watched = watched.filter_map(|watched| {
            watched.inspect_err(|error| tracing::warn!("a signal cannot be watched: {error}")).ok()
        });
        Signals(watched.flat_map(|signals| signals.0).collect())
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Signal {
        std::future::poll_fn(|context| {
            let mut ready =
                self.0.iter_mut().filter_map(|(signal, event)| event.poll(context).is_ready().then_some(*signal));
            ready.next().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// There is no such thing.
pub fn stop_group() {}

/// There is no such thing.
pub fn stop() {}
