use std::time::Instant;
use super::*;
use cd_core::config::Permille;

fn margin(d: u16) -> Margin { Margin { tolerated: Permille(d), ..Margin::ERRORS } }

fn many<J: Judge>(world: World, runs: u64, until_pass: bool, make: impl Fn() -> J + Sync) -> Vec<Found> {
    std::thread::scope(|scope| {
        let hs: Vec<_> = (0..2).map(|part| { let make = &make; scope.spawn(move || {
            (0..runs).filter(|r| r % 2 == part).map(|r| world.live(r.wrapping_mul(0xD134_2543_DE82_EF95) ^ 77, &mut make(), until_pass)).collect::<Vec<_>>()
        })}).collect();
        hs.into_iter().flat_map(|h| h.join().unwrap()).collect()
    })
}
fn q(v: &mut Vec<u64>, p: f64) -> u64 { v.sort(); if v.is_empty() {0} else { v[((v.len()-1) as f64 * p) as usize] } }

#[test]
fn explore() {
    let runs: u64 = std::env::var("RUNS").ok().and_then(|s| s.parse().ok()).unwrap_or(400);
    for d in [0, 10] { for rate in [0.001, 0.01, 0.1] {
        let t = Instant::now();
        let f = many(World::equal(rate), runs, false, || Sequential::new(margin(d)));
        eprintln!("equal d={d} rate={rate}: fails {} of {} passes {} {:.1}s", f.iter().filter(|x| x.fail.is_some()).count(), runs, f.iter().filter(|x| x.pass.is_some()).count(), t.elapsed().as_secs_f64());
        let mut p: Vec<u64> = f.iter().filter_map(|x| x.pass).collect();
        let n = cd_core::analysis::needed(margin(d), (rate*1e6) as u64, Permille(50), Permille(40));
        eprintln!("   pass median {} p90 {} need {:?}", q(&mut p, 0.5), q(&mut p, 0.9), n);
    }}
    for (b,c) in [(0.001,0.011),(0.01,0.02),(0.1,0.11)] {
        let f = many(World{candidate:c, ..World::equal(b)}, runs, false, || Sequential::new(margin(10)));
        eprintln!("boundary {b} {c}: fails {} passes {}", f.iter().filter(|x| x.fail.is_some()).count(), f.iter().filter(|x| x.pass.is_some()).count());
    }
    for d in [0,5,10] { for (b,c) in [(0.01,0.05),(0.01,0.02),(0.01,0.2),(0.001,0.05)] {
        let t = Instant::now();
        let w = World{candidate:c, ..World::equal(b)};
        let f = many(w, runs, false, || Sequential::new(margin(d)));
        let mut p: Vec<u64> = f.iter().filter_map(|x| x.fail).collect();
        let n = cd_core::analysis::needed(margin(d), (b*1e6) as u64, Permille(50), Permille(((c-b)*1000.0) as u16));
        eprintln!("detect d={d} {b}->{c}: found {} median {} p90 {} predicted {:?} {:.1}s", p.len(), q(&mut p,0.5), q(&mut p,0.9), n.fail, t.elapsed().as_secs_f64());
    }}
    for from in [1000, 5000] {
        let f = many(World{candidate:0.05, bad_from: from, ..World::equal(0.01)}, runs, false, || Sequential::new(margin(10)));
        let mut p: Vec<u64> = f.iter().filter_map(|x| x.fail).map(|x| x.saturating_sub(from)).collect();
        eprintln!("turns bad at {from}: found {} median {} p90 {}", p.len(), q(&mut p,0.5), q(&mut p,0.9));
    }
}
