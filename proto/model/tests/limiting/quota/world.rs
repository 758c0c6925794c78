//! A hundred clients that share a global limit, on a network that delays and loses, with a seed.

use std::{cmp::Reverse, collections::BinaryHeap, ops::RangeInclusive, sync::Arc, time::Duration};

use merak_model::limiting::{
    Amount, AmountDocument, AmountMode, Failover, Moment,
    quota::{Answer, Ask, ClientId, Met, Pool, Purse, ServerTime, Start, Till, Wake},
};

pub(crate) const LIMIT: u32 = 1000;

/// Pseudo-random numbers: xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn up_to(&mut self, limit: u64) -> u64 {
        (self.next() * limit as f64) as u64
    }

    /// How many calls come in a millisecond, of so many in a second: Poisson.
    fn calls(&mut self, rate: f64) -> u32 {
        let (limit, mut product, mut count) = ((-rate / 1000.0).exp(), self.next(), 0);
        while product > limit {
            product *= self.next();
            count += 1;
        }
        count
    }
}

/// The tills of these clients are looked at whether or not they sleep.
pub(crate) struct Awake;

impl Wake for Awake {
    fn wake(&self, _: u32) {}
}

struct Client {
    id: ClientId,
    /// Calls in a second.
    rate: f64,
    time: Arc<ServerTime>,
    purse: Purse,
    is_up: bool,
    /// Milliseconds by which its clock is ahead.
    ahead: u64,
    /// When the last thing that it sent arrives.
    sent_until: u64,
}

enum Message {
    Ask(ClientId, Ask),
    Answer(ClientId, Answer),
    /// The connection of a client ended.
    End(ClientId),
    /// A client is connected, to a control plane that was started since.
    Welcome(ClientId, Moment),
}

/// A network, a control plane, and its clients, a millisecond at a time.
pub(crate) struct World {
    random: Random,
    now_ms: u64,
    amounts: [Amount; 1],
    pool: Option<Pool>,
    clients: Vec<Client>,
    /// By the time of arrival.
    under_way: BinaryHeap<Reverse<(u64, u64)>>,
    messages: Vec<Option<Message>>,
    loss: f64,
    /// Calls, and those that went through, by second.
    pub(crate) called: Vec<u32>,
    pub(crate) admitted: Vec<u32>,
}

pub(crate) fn amounts() -> [Amount; 1] {
    [amount(u64::from(LIMIT), 1000)]
}

pub(crate) fn amount(max: u64, window_ms: u64) -> Amount {
    let burst = None;
    let document = AmountDocument {
        max,
        window_ms,
        burst,
    };
    Amount::try_from(document).unwrap()
}

pub(crate) fn at_ms(ms: u64) -> Moment {
    Moment::after(Duration::from_millis(ms))
}

/// A client's side of a limit, whose clock may be another one.
pub(crate) fn purse_of(failover: Failover, time: &Arc<ServerTime>, amounts: &[Amount]) -> Purse {
    let window = amounts[0].window();
    let till = Till::new(0, window, Arc::clone(time), Arc::new(Awake));
    Purse::new(Arc::new(till), amounts, failover)
}

pub(crate) fn pool(start: Start) -> Pool {
    Pool::new(&amounts(), AmountMode::Total, start)
}

impl World {
    /// One client takes half of the demand, 49 the rest, and 50 are idle.
    pub(crate) fn new(seed: u64, demand: f64, loss: f64) -> Self {
        let rate = |id| match id {
            0 => demand / 2.0,
            1..50 => demand / 2.0 / 49.0,
            _ => 0.0,
        };
        Self::of(seed, LIMIT, (0..100).map(rate), loss)
    }

    /// Clients that get so many calls a second each, and a limit for all.
    pub(crate) fn of(seed: u64, limit: u32, rates: impl Iterator<Item = f64>, loss: f64) -> Self {
        let mut random = Random(seed * 2 + 1);
        let amounts = [amount(u64::from(limit), 1000)];
        let clients = rates.zip(0..).map(|(rate, id)| {
            let (ahead, time) = (random.up_to(10_000_000), Arc::new(ServerTime::default()));
            time.begin(at_ms(0), at_ms(ahead + random.up_to(15)));
            Client {
                id,
                rate,
                purse: purse_of(Failover::Local, &time, &amounts),
                time,
                is_up: true,
                ahead,
                sent_until: 0,
            }
        });
        Self {
            clients: clients.collect(),
            random,
            now_ms: 0,
            pool: Some(Pool::new(&amounts, AmountMode::Total, Start::Fresh)),
            amounts,
            under_way: BinaryHeap::new(),
            messages: Vec::new(),
            loss,
            called: Vec::new(),
            admitted: Vec::new(),
        }
    }

    pub(crate) fn run_until(&mut self, end_ms: u64) {
        while self.now_ms < end_ms {
            self.deliver();
            self.call();
            self.now_ms += 1;
        }
    }

    /// Sends what may be lost.
    fn send(&mut self, message: Message) {
        if self.random.next() >= self.loss {
            let takes = 1 + self.random.up_to(14);
            self.send_for(message, self.now_ms + takes);
        }
    }

    fn send_for(&mut self, message: Message, arrives: u64) {
        if let Message::Ask(client, _) = &message {
            let client = &mut self.clients[*client as usize];
            client.sent_until = client.sent_until.max(arrives);
        }
        self.under_way
            .push(Reverse((arrives, self.messages.len() as u64)));
        self.messages.push(Some(message));
    }

    fn deliver(&mut self) {
        while let Some(Reverse((arrives, _))) = self.under_way.peek()
            && *arrives <= self.now_ms
        {
            let Reverse((_, index)) = self.under_way.pop().unwrap();
            let message = self.messages[index as usize].take().unwrap();
            self.arrive(message);
        }
    }

    fn arrive(&mut self, message: Message) {
        let now = at_ms(self.now_ms);
        match message {
            Message::Ask(client, ask) => {
                let pool = self.pool.as_mut();
                if let Some(answer) = pool.and_then(|pool| pool.ask(client, &ask, now)) {
                    self.send(Message::Answer(client, answer));
                }
            }
            Message::End(client) => {
                if let Some(pool) = &mut self.pool {
                    pool.leave(client, now);
                }
            }
            Message::Answer(id, answer) => {
                let client = &mut self.clients[id as usize];
                let now = at_ms(self.now_ms + client.ahead);
                if client.is_up {
                    client.time.learn(answer.now, now);
                    client.purse.answered(&answer, now);
                }
            }
            Message::Welcome(id, time) => {
                let client = &mut self.clients[id as usize];
                let now = at_ms(self.now_ms + client.ahead);
                assert!(!client.time.begin(time, now), "the time went on");
                client.purse.meet(Met::Anew, now);
            }
        }
    }

    fn call(&mut self) {
        let second = (self.now_ms / 1000) as usize;
        self.called.resize(second + 1, 0);
        self.admitted.resize(second + 1, 0);
        let mut asks = Vec::new();
        for client in self.clients.iter_mut().filter(|client| client.is_up) {
            let now = at_ms(self.now_ms + client.ahead);
            for _ in 0..self.random.calls(client.rate) {
                self.called[second] += 1;
                let is_spent = client.purse.till().spend(now).is_ok();
                self.admitted[second] += u32::from(is_spent);
            }
            if (self.now_ms + client.id).is_multiple_of(10) {
                let ask = client.purse.tick(now);
                asks.extend(ask.map(|ask| Message::Ask(client.id, ask)));
                client.purse.rests(now);
            }
        }
        asks.into_iter().for_each(|ask| self.send(ask));
        if let Some(pool) = &mut self.pool {
            pool.expire(at_ms(self.now_ms));
        }
    }

    /// A client dies with what it holds. That its connection ended arrives after what it has sent.
    pub(crate) fn kill(&mut self, id: ClientId) {
        let takes = 1 + self.random.up_to(14);
        let arrives = self.now_ms + takes;
        let arrives = self.clients[id as usize].sent_until.max(arrives);
        self.cut_off(id);
        self.send_for(Message::End(id), arrives);
    }

    /// A client dies, or is cut off, and nobody notices.
    pub(crate) fn cut_off(&mut self, id: ClientId) {
        self.clients[id as usize].is_up = false;
    }

    pub(crate) fn start(&mut self, id: ClientId) {
        let client = &mut self.clients[id as usize];
        client.is_up = true;
        client.purse = purse_of(Failover::Local, &client.time, &self.amounts);
    }

    /// The control plane stops; that a connection ended is known after what was sent on it.
    pub(crate) fn stop_server(&mut self) {
        self.pool = None;
        self.run_until(self.now_ms + 15);
        for client in &mut self.clients {
            client.purse.lose(at_ms(self.now_ms + client.ahead));
        }
    }

    /// The control plane starts, and each client finds it within so long.
    pub(crate) fn start_server(&mut self, within_ms: u64) {
        let start = Start::Restarted(at_ms(self.now_ms));
        self.pool = Some(Pool::new(&self.amounts, AmountMode::Total, start));
        for id in 0..self.clients.len() as u64 {
            let arrives = self.now_ms + 1 + self.random.up_to(within_ms);
            let now = at_ms(arrives - 1);
            self.send_for(Message::Welcome(id, now), arrives);
        }
    }

    /// That so many per cent of the limit went through in each of these seconds.
    pub(crate) fn check(
        &self,
        seconds: impl IntoIterator<Item = usize>,
        percent: RangeInclusive<u32>,
    ) {
        let limit = self.amounts[0].max();
        let bounds = limit * percent.start() / 100..=limit * percent.end() / 100;
        let all = &self.admitted;
        for second in seconds {
            assert!(
                bounds.contains(&all[second]),
                "in second {second} of {all:?}"
            );
        }
    }
}
