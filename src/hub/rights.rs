//! Who may do what to whom: one function, which knows neither sessions nor rooms. Who has which rank is looked up by who
//! asks.

use crate::protocol::event::{Code, Refusal};
use crate::protocol::rights::{Deed, Role};

/// What somebody may do in one place. Each may what the one before it may, and nobody acts upon an equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// No key.
    Guest,
    /// Anybody else.
    Member,
    /// Keeps order in this room.
    OfRoom,
    /// Keeps order on the host.
    OfHost,
    /// The host is theirs.
    Owner,
    /// Nobody who is there: whoever has the host's folder.
    Folder,
}

impl Rank {
    /// What others are told of it.
    pub fn role(self) -> Role {
        match self {
            Rank::Guest => Role::Guest,
            Rank::Member => Role::Member,
            Rank::OfRoom | Rank::OfHost => Role::Operator,
            Rank::Owner | Rank::Folder => Role::Owner,
        }
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Something to somebody in a room.
    InRoom(Deed),
    /// The same on the whole host.
    OnHost(Deed),
    /// A room is set otherwise, deleted, or somebody is let into it.
    Room,
    /// Who may not be in a room, or on the host, is read.
    Bans(Place),
    /// The record is read.
    Audit,
}

/// Where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a room.
    Room,
    /// On the whole host.
    Host,
}

impl Doing {
    /// The least rank that may.
    fn least(self) -> Rank {
        match self {
            Doing::OnHost(Deed::Owner) | Doing::InRoom(Deed::Owner) => Rank::Folder,
            Doing::InRoom(_) | Doing::Room | Doing::Bans(Place::Room) => Rank::OfRoom,
            Doing::OnHost(Deed::Op | Deed::Deop) => Rank::Owner,
            Doing::OnHost(_) | Doing::Audit | Doing::Bans(Place::Host) => Rank::OfHost,
        }
    }
}

/// Whom it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Nobody, or nobody who is known.
    Nobody,
    /// Who does it.
    Oneself,
    /// Somebody of this rank.
    Other(Rank),
}

/// Whether somebody of this rank may do that.
pub fn may(actor: Rank, doing: Doing, whom: Whom) -> Result<(), Refusal> {
    let no = |text: &str| Err(Refusal::new(Code::NotAllowed, text));
    if actor < doing.least() {
        return no(match doing.least() {
            Rank::Folder => "only whoever has the host's folder may do that, with wschat admin",
            Rank::Owner => "only the owner of the host may do that",
            Rank::OfHost => "only operators of the host may do that",
            _ => "only operators of the room may do that",
        });
    }
    match (whom, doing) {
        // What one has one may give up.
        (Whom::Oneself, Doing::InRoom(Deed::Deop)) => Ok(()),
        (Whom::Oneself, Doing::OnHost(Deed::Deop)) if actor < Rank::Owner => Ok(()),
        (Whom::Oneself, _) => no("that cannot be done to oneself"),
        (Whom::Other(rank), _) if rank >= actor => no("they are of the same rank, or above"),
        // A host has its owner, and it is one who can come in.
        (Whom::Other(Rank::Owner), doing) if doing != Doing::OnHost(Deed::Owner) => {
            no("they own the host; give it to somebody else first")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANKS: [Rank; 6] = [Rank::Guest, Rank::Member, Rank::OfRoom, Rank::OfHost, Rank::Owner, Rank::Folder];

    #[test]
    fn nobody_acts_upon_an_equal_and_more_rank_is_never_less_right() {
        let rooms = Deed::ALL.iter().map(|deed| Doing::InRoom(*deed));
        let doings: Vec<Doing> = rooms.chain(Deed::ALL.iter().map(|deed| Doing::OnHost(*deed))).collect();
        for doing in
            doings.into_iter().chain([Doing::Room, Doing::Audit, Doing::Bans(Place::Room), Doing::Bans(Place::Host)])
        {
            for (n, actor) in RANKS.into_iter().enumerate() {
                for whom in RANKS.map(Whom::Other).into_iter().chain([Whom::Nobody]) {
                    let allowed = may(actor, doing, whom).is_ok();
                    if let (true, Whom::Other(rank)) = (allowed, whom) {
                        assert!(rank < actor, "{actor:?} {doing:?} {rank:?}");
                    }
                    assert!(!allowed || actor >= doing.least());
                    let above = RANKS.get(n + 1).is_none_or(|above| may(*above, doing, whom).is_ok());
                    assert!(!allowed || above, "{actor:?} may {doing:?}, and above it nobody");
                }
            }
        }
    }

    #[test]
    fn the_owner_alone_makes_operators_of_the_host() {
        let op = Doing::OnHost(Deed::Op);
        assert!(may(Rank::OfHost, op, Whom::Other(Rank::Member)).is_err());
        assert!(may(Rank::Owner, op, Whom::Other(Rank::Member)).is_ok());
        assert!(may(Rank::Owner, Doing::OnHost(Deed::Deop), Whom::Oneself).is_err(), "a host has its owner");
        assert!(may(Rank::OfRoom, Doing::InRoom(Deed::Deop), Whom::Oneself).is_ok());
    }

    #[test]
    fn who_has_the_folder_alone_gives_the_host_to_somebody_else() {
        for rank in RANKS {
            let gives = may(rank, Doing::OnHost(Deed::Owner), Whom::Other(Rank::Member)).is_ok();
            assert_eq!(gives, rank == Rank::Folder, "{rank:?}");
        }
        for deed in Deed::ALL {
            let upon_owner = may(Rank::Folder, Doing::OnHost(*deed), Whom::Other(Rank::Owner)).is_ok();
            assert_eq!(upon_owner, *deed == Deed::Owner, "a host keeps its owner: {deed:?}");
        }
    }
}
