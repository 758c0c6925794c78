//! Sharing a global limit out: simulated with seeds, and step by step.

mod world;

use std::sync::Arc;

use merak_model::limiting::{
    AmountMode, Failover,
    quota::{Answer, Ask, Pool, Purse, ServerTime, Start, Tokens},
};

use world::{LIMIT, World, amount, amounts, at_ms, pool, purse_of};

const SEEDS: std::ops::Range<u64> = 1..9;

#[test]
fn skewed_demand_gets_the_whole_limit_and_no_more() {
    for seed in SEEDS {
        for (demand, loss) in [(1500.0, 0.0), (3000.0, 0.05), (10_000.0, 0.2)] {
            let mut world = World::new(seed, demand, loss);
            world.run_until(8000);
            world.check(1..8, 97..=101);
        }
    }
}

#[test]
fn demand_below_the_limit_is_hardly_refused() {
    for seed in SEEDS {
        let mut world = World::new(seed, 800.0, 0.01);
        world.run_until(8000);
        let called: u32 = world.called[2..].iter().sum();
        let admitted: u32 = world.admitted[2..].iter().sum();
        assert!(admitted * 100 >= called * 96, "{admitted} of {called}");
    }
}

#[test]
fn clients_that_die_and_others_that_come_change_nothing() {
    for seed in SEEDS {
        for (die, small) in [
            (World::kill as fn(&mut World, u64), 10),
            (World::cut_off, 4),
        ] {
            let mut world = World::new(seed, 3000.0, 0.05);
            world.run_until(3200);
            (1..small).for_each(|id| die(&mut world, id));
            world.run_until(5100);
            die(&mut world, 0);
            world.run_until(7400);
            (0..small).for_each(|id| world.start(id));
            world.run_until(10_000);
            world.check(1..10, 97..=101);
        }
    }
}

#[test]
fn a_control_plane_that_restarts_changes_little() {
    // Nobody knows exactly what the others had in the second in which it stops; even less where messages
    // were lost.
    for (loss, percent) in [(0.0, 97..=103), (0.05, 94..=107)] {
        for (seed, stop) in
            (1..5).flat_map(|seed| (4000..5000).step_by(150).map(move |stop| (seed, stop)))
        {
            let mut world = World::new(seed, 3000.0, loss);
            world.run_until(stop);
            world.stop_server();
            world.run_until(stop + 200 * seed - 150);
            world.start_server(500);
            world.run_until(11_000);
            world.check((1..11).filter(|second| *second != 4), 97..=101);
            world.check([4], percent.clone());
        }
    }
}

#[test]
fn a_control_plane_that_is_away_costs_hardly_a_call_that_the_limit_allows() {
    for seed in SEEDS {
        for (demand, least, most) in [(300.0, 90, 100), (800.0, 95, 100), (1500.0, 97, 105)] {
            let mut world = World::new(seed, demand, 0.01);
            world.run_until(4000 + 110 * seed);
            world.stop_server();
            world.run_until(10_000);
            let called: u32 = world.called[5..]
                .iter()
                .map(|&calls| calls.min(LIMIT))
                .sum();
            let admitted: u32 = world.admitted[5..].iter().sum();
            let bounds = called * least / 100..=called * most / 100;
            assert!(
                bounds.contains(&admitted),
                "{admitted} of {called}, {demand} a second"
            );
        }
    }
}

#[test]
fn of_a_small_limit_hardly_a_call_is_refused_that_it_has_room_for() {
    for seed in SEEDS {
        for (limit, clients) in [(20, 4), (100, 10), (100, 25)] {
            let rate = f64::from(limit) / 2.0 / f64::from(clients);
            let rates = (0..clients).map(|_| rate);
            let mut world = World::of(seed, limit, rates, 0.0);
            world.run_until(30_000);
            let called: u32 = world.called[2..].iter().sum();
            let admitted: u32 = world.admitted[2..].iter().sum();
            assert!(
                admitted * 100 >= called * 93,
                "{admitted} of {called}, {limit} for {clients}"
            );
        }
    }
}

#[test]
fn of_a_limit_of_fewer_calls_than_clients_most_goes_through_and_no_more() {
    for seed in SEEDS {
        let rates = (0..50).map(|_| 1.2);
        let mut world = World::of(seed, 20, rates, 0.0);
        world.run_until(30_000);
        let admitted: u32 = world.admitted[2..].iter().sum();
        // What clients let through before they ask is taken from the next window.
        let allowed = 20 * 28;
        let bounds = allowed * 80 / 100..=allowed + 20;
        assert!(bounds.contains(&admitted), "{admitted} of {allowed}");
    }
}

#[test]
fn a_longer_window_bounds_what_a_shorter_one_grants() {
    let amounts = [amount(25, 10_000), amount(10, 1000)];
    let mut pool = Pool::new(&amounts, AmountMode::Total, Start::Fresh);
    let mut granted = Vec::new();
    for ms in (0..20_000).step_by(10) {
        let ask = Ask {
            id: ms + 1,
            window: ms / 1000,
            ..ask(1)
        };
        let answer = pool.ask(7, &ask, at_ms(ms)).unwrap();
        granted.resize((ms / 1000 + 1) as usize, 0);
        granted[(ms / 1000) as usize] += answer.granted.count;
    }
    assert_eq!(granted[..4], [10, 10, 5, 0]);
    assert_eq!(granted.iter().sum::<u32>(), 50);
    let returned = Tokens {
        window: 19,
        count: 3,
    };
    let ask = Ask {
        id: 90_000,
        window: 19,
        returned,
        ..ask(5)
    };
    pool.ask(8, &ask, at_ms(19_999)).unwrap();
    assert_eq!(
        pool.left(at_ms(19_999)),
        2,
        "three came back, and one of them went"
    );
}

#[test]
fn a_repeated_ask_is_granted_once() {
    let mut pool = pool(Start::Fresh);
    let first = pool.ask(1, &ask(5), at_ms(0)).unwrap();
    assert_eq!(
        pool.ask(1, &ask(5), at_ms(5)),
        Some(Answer {
            now: at_ms(5),
            ..first
        })
    );
    assert_eq!(pool.left(at_ms(5)), 995);
    let next = Ask { id: 2, ..ask(5) };
    assert!(pool.ask(1, &next, at_ms(6)).is_some());
    assert_eq!(
        pool.ask(1, &ask(5), at_ms(7)),
        None,
        "it was answered long ago"
    );
    assert_eq!(pool.left(at_ms(7)), 990);
}

#[test]
fn each_client_has_the_amounts_where_the_rule_says_so() {
    let mut pool = Pool::new(&amounts(), AmountMode::PerClient, Start::Fresh);
    for client in 0..3 {
        assert!(pool.ask(client, &ask(1), at_ms(0)).is_some());
    }
    assert_eq!((pool.clients(), pool.left(at_ms(0))), (3, 2997));
    pool.leave(0, at_ms(0));
    assert_eq!(pool.left(at_ms(0)), 1998, "what it held went with it");
    pool.expire(at_ms(3000));
    assert_eq!((pool.clients(), pool.left(at_ms(3000))), (0, 1000));
}

#[test]
fn a_client_that_never_had_an_answer_applies_the_amounts_or_passes_all() {
    // The clock may have begun just now.
    let cases = [(Failover::Local, 2000), (Failover::Pass, 2400)];
    for (start, (failover, passed)) in [0, 10_000]
        .into_iter()
        .flat_map(|start| cases.map(|case| (start, case)))
    {
        let mut purse = purse_of(failover, &Arc::new(ServerTime::default()), &amounts());
        purse.lose(at_ms(start));
        let calls = (0..2400).map(|number| {
            let now = at_ms(start + number * 2000 / 2400);
            purse.tick(now);
            purse.till().spend(now)
        });
        let spent = calls.filter(Result::is_ok);
        assert_eq!(spent.count(), passed, "in two windows");
    }
}

/// How many of some calls go through, one each millisecond from a moment on.
fn call(purse: &mut Purse, from_ms: u64, calls: u64) -> usize {
    let calls = (from_ms..from_ms + calls).map(at_ms).filter(|&now| {
        let passes = purse.till().spend(now).is_ok();
        purse.tick(now);
        purse.rests(now);
        passes
    });
    calls.count()
}

/// Time goes by in which nobody calls.
fn pause(purse: &mut Purse, from_ms: u64, to_ms: u64) {
    for now in (from_ms..to_ms).step_by(10).map(at_ms) {
        purse.tick(now);
        purse.rests(now);
    }
}

const DAY_MS: u64 = 86_400_000;

#[test]
fn a_client_that_pauses_while_it_is_alone_keeps_its_share_of_a_long_window() {
    let amounts = [amount(40, DAY_MS)];
    let mut purse = purse_of(Failover::Local, &Arc::new(ServerTime::default()), &amounts);
    purse.lose(at_ms(DAY_MS));
    assert_eq!(call(&mut purse, DAY_MS, 5), 5);
    let mut passed = 5;
    for start in (DAY_MS + 10..).step_by(5000).take(4) {
        pause(&mut purse, start, start + 3000);
        passed += call(&mut purse, start + 3000, 20);
    }
    assert_eq!(passed, 40, "and none for free with each call after a pause");
}

#[test]
fn a_client_that_rests_when_the_control_plane_is_lost_has_its_part_of_what_is_left() {
    let amounts = [amount(40, DAY_MS)];
    let time = Arc::new(ServerTime::default());
    let mut purse = purse_of(Failover::Local, &time, &amounts);
    let mut pool = Pool::new(&amounts, AmountMode::Total, Start::Fresh);
    assert_eq!(call(&mut purse, DAY_MS, 1), 1, "before it was known");
    for now in (DAY_MS + 10..DAY_MS + 4000).step_by(10).map(at_ms) {
        if let Some(ask) = purse.tick(now) {
            purse.answered(&pool.ask(1, &ask, now).unwrap(), now);
        }
        purse.rests(now);
    }
    purse.lose(at_ms(DAY_MS + 5000));
    let passed = 1 + call(&mut purse, DAY_MS + 5000, 200);
    assert!((38..=40).contains(&passed), "{passed} of 40");
}

fn ask(want: u32) -> Ask {
    Ask {
        id: 1,
        window: 0,
        want,
        held: 0,
        at: at_ms(0),
        demand: 100,
        ahead_ms: 20,
        returned: Tokens::default(),
        unasked: Tokens::default(),
        refused: 0,
    }
}
