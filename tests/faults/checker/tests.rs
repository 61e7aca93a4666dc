//! That the checker finds each thing it is there to find: a good history, and the same with one thing wrong.

use super::*;

const ROOM: &str = "#lobby";

fn body(kind: Kind, of: u64, text: u64) -> Body {
    Body { kind, of, text }
}

fn line(seq: u64, text: Option<u64>, reactions: &[(u64, u32)]) -> Present {
    Present { seq, text, reactions: reactions.iter().copied().collect() }
}

/// Ann says 1, changes it (2), ben says 3 and 4, deletes 3 (5), ann reacts to 4 (6); one of her lines is refused. She is
/// cut after 3 and sees the rest live again.
fn good() -> (Vec<Log>, Stored) {
    let entries = [
        ("ann", body(Kind::Said, 0, 11)),
        ("ann", body(Kind::Edited, 1, 12)),
        ("ben", body(Kind::Said, 0, 13)),
        ("ben", body(Kind::Said, 0, 14)),
        ("ben", body(Kind::Deleted, 3, 0)),
        ("ann", body(Kind::Reacted, 4, 77)),
    ];
    let to = || ROOM.to_owned();
    let nonce = |seq: u64| (9, seq);
    let mut logs: Vec<Log> = ["ann", "ben"]
        .map(|name| Log { device: format!("{name}/0"), person: name.into(), runs: vec![Vec::new()] })
        .into();
    let (mut rows, mut heard) = (Vec::new(), Vec::new());
    for (seq, (author, body)) in (1..).zip(entries) {
        let own = &mut logs[usize::from(author == "ben")].runs[0];
        own.push(Event::Wrote { nonce: nonce(seq), to: to(), body });
        own.push(Event::Kept { nonce: nonce(seq) });
        own.push(Event::Acked { nonce: nonce(seq), to: to(), seq });
        heard.push(Event::Heard { to: to(), seq, nonce: Some(nonce(seq)), body });
        let blanked = seq == 3;
        let stored = if blanked { Body { text: 0, ..body } } else { body };
        rows.push(Row { seq, author: author.into(), nonce: Some(nonce(seq)), body: stored, blanked });
    }
    let lost = nonce(100);
    let refused = body(Kind::Deleted, 3, 0);
    logs[0].runs[0].extend([
        Event::Wrote { nonce: lost, to: to(), body: refused },
        Event::Kept { nonce: lost },
        Event::Refused { nonce: lost, code: "not_yours".into() },
    ]);
    let end = vec![line(1, Some(12), &[]), line(3, None, &[]), line(4, Some(14), &[(77, 1)])];
    for log in &mut logs {
        let run = &mut log.runs[0];
        run.push(Event::Live { to: to(), head: 0 });
        run.extend(heard[..3].iter().cloned());
        run.push(Event::Cut);
        run.push(Event::Live { to: to(), head: 4 });
        run.extend(heard[4..].iter().cloned());
        let pages = vec![(line(3, None, &[]), 5, Some(nonce(3))), (line(4, Some(14), &[]), 4, Some(nonce(4)))];
        run.push(Event::Paged { to: to(), from: 3, before: 5, lines: pages });
        run.push(Event::Screen { to: to(), head: 6, missing: 0, lines: end.clone() });
    }
    (logs, [(to(), rows)].into())
}

/// What is found when this is done to a good history.
fn after(change: impl FnOnce(&mut Vec<Event>, &mut Vec<Row>)) -> Vec<u8> {
    let (mut logs, mut stored) = good();
    change(&mut logs[0].runs[0], stored.get_mut(ROOM).expect("it is there"));
    let mut found: Vec<u8> =
        check(&logs, &stored).err().unwrap_or_default().iter().map(|violation| violation.invariant).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn at(run: &[Event], fits: impl Fn(&Event) -> bool) -> usize {
    run.iter().position(fits).expect("it is in the good one")
}

fn heard(seq: u64) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Heard { seq: there, .. } if *there == seq)
}

#[test]
fn a_good_history_is_good() {
    let (logs, stored) = good();
    let figures = check(&logs, &stored).expect("nothing is wrong with it");
    assert_eq!((figures.written, figures.stored, figures.acked, figures.refused), (7, 6, 6, 1));
    assert_eq!((figures.heard, figures.paged, figures.cuts, figures.screens), (10, 4, 2, 2));
}

#[test]
fn i1_acked_is_stored() {
    // The last line is gone from the store, as if a crash had taken it back.
    assert!(after(|_, rows| drop(rows.pop())).contains(&1));
    // Acked under another number than it has.
    let wrong = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        let ack = at(run, |event| matches!(event, Event::Acked { seq: 2, .. }));
        run[ack] = Event::Acked { nonce: (9, 2), to: ROOM.into(), seq: 1 };
    };
    assert_eq!(after(wrong), [1]);
}

#[test]
fn i2_no_nonce_twice() {
    let twice = |_: &mut Vec<Event>, rows: &mut Vec<Row>| {
        let again = Row { seq: 7, ..rows[0].clone() };
        rows.push(again);
    };
    assert!(after(twice).contains(&2));
    // The same words under a nonce of their own are a line said twice as well.
    let words = |run: &mut Vec<Event>, rows: &mut Vec<Row>| {
        let body = rows[0].body;
        rows.push(Row { seq: 7, nonce: Some((9, 7)), ..rows[0].clone() });
        run.insert(0, Event::Wrote { nonce: (9, 7), to: ROOM.into(), body });
    };
    assert!(after(words).contains(&2));
}

#[test]
fn i3_no_holes() {
    let hole = |_: &mut Vec<Event>, rows: &mut Vec<Row>| rows[5].seq = 7;
    assert!(after(hole).contains(&3));
}

#[test]
fn i4_no_hole_no_repeat_in_what_is_heard() {
    let hole = |run: &mut Vec<Event>, _: &mut Vec<Row>| drop(run.remove(at(run, heard(2))));
    assert_eq!(after(hole), [4]);
    let repeat = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        let two = at(run, heard(2));
        run.insert(two, run[two].clone());
    };
    assert_eq!(after(repeat), [4]);
    let swap = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        let two = at(run, heard(2));
        run.swap(two, two + 1);
    };
    assert_eq!(after(swap), [4]);
    // Live again from a place before what was heard: what comes next was heard before the cut.
    let seam = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        let cut = at(run, |event| *event == Event::Cut);
        run[cut + 1] = Event::Live { to: ROOM.into(), head: 2 };
        let three = run[at(run, heard(3))].clone();
        run.insert(cut + 2, three);
    };
    assert_eq!(after(seam), [4]);
    let page = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        let page = at(run, |event| matches!(event, Event::Paged { .. }));
        if let Event::Paged { lines, .. } = &mut run[page] {
            lines.remove(0);
        }
    };
    assert_eq!(after(page), [4]);
    let missing = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        if let Some(Event::Screen { missing, .. }) = run.last_mut() {
            *missing = 1;
        }
    };
    assert_eq!(after(missing), [4]);
}

#[test]
fn i5_in_the_end_a_client_has_all() {
    let missing = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        if let Some(Event::Screen { lines, .. }) = run.last_mut() {
            lines.pop();
        }
    };
    assert_eq!(after(missing), [5]);
    let doubled = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        if let Some(Event::Screen { lines, .. }) = run.last_mut() {
            lines.push(lines[2].clone());
        }
    };
    assert_eq!(after(doubled), [4, 5]);
    let old_words = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        if let Some(Event::Screen { lines, .. }) = run.last_mut() {
            lines[0].text = Some(11);
        }
    };
    assert_eq!(after(old_words), [5]);
    let behind = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        if let Some(Event::Screen { head, .. }) = run.last_mut() {
            *head = 5;
        }
    };
    assert_eq!(after(behind), [5]);
    assert_eq!(after(|run, _| drop(run.pop())), [5], "nobody looked");
}

#[test]
fn i6_nothing_is_seen_that_is_not_stored() {
    let words = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        let two = at(run, heard(2));
        if let Event::Heard { body, .. } = &mut run[two] {
            body.text = 99;
        }
    };
    assert_eq!(after(words), [6]);
    let never = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        let last = at(run, heard(6));
        let body = body(Kind::Said, 0, 15);
        run.insert(last + 1, Event::Heard { to: ROOM.into(), seq: 7, nonce: None, body });
    };
    assert_eq!(after(never), [6]);
    let page = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        let page = at(run, |event| matches!(event, Event::Paged { .. }));
        if let Event::Paged { lines, .. } = &mut run[page] {
            lines[0].0.text = Some(13);
        }
    };
    assert_eq!(after(page), [6], "it was deleted by then");
    let invented = |_: &mut Vec<Event>, rows: &mut Vec<Row>| {
        rows.push(Row { seq: 7, nonce: Some((1, 1)), body: body(Kind::Said, 0, 55), ..rows[0].clone() });
    };
    assert!(after(invented).contains(&6));
}

#[test]
fn i7_a_senders_own_order_holds() {
    let (mut logs, stored) = good();
    // Ben wrote the one line before the other.
    let run = &mut logs[1].runs[0];
    assert!(
        matches!(&run[0], Event::Wrote { nonce: (9, 3), .. }) && matches!(&run[3], Event::Wrote { nonce: (9, 4), .. })
    );
    run.swap(0, 3);
    let found = check(&logs, &stored).expect_err("his lines changed places");
    assert_eq!(found.iter().map(|violation| violation.invariant).collect::<Vec<u8>>(), [7]);
}

#[test]
fn i8_what_was_refused_is_not_stored() {
    let refused = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        run.push(Event::Refused { nonce: (9, 6), code: "storage".into() });
    };
    assert_eq!(after(refused), [8]);
}

#[test]
fn i9_what_an_outbox_kept_is_settled() {
    let forgotten = |run: &mut Vec<Event>, _: &mut Vec<Row>| {
        run.retain(|event| !matches!(event, Event::Refused { .. }));
    };
    assert_eq!(after(forgotten), [9]);
}
