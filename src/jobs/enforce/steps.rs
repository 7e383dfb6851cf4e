//! Which steps go to whom, and in which order.

use crate::billing::action::Action;
use crate::billing::enforcement::{self, Step};
use crate::jobs::Desk;
use crate::store::Store;
use anyhow::Result;

/// Whether a step is still what its customer's facts call for.
pub(super) fn is_still_decided(desk: &Desk, store: &Store, step: &Step) -> Result<bool> {
    match store.facts(&step.customer, desk.rules.mode, desk.today) {
        Ok(Some(mut facts)) => {
            Ok(enforcement::decide(&mut facts, &desk.rules, desk.today).steps.contains(step))
        }
        Ok(None) => Ok(false),
        Err(fault) if fault.is_data() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Without a hook for its kind, a person must do the step at the panel or registry. A trial changes
/// nothing there.
pub(super) fn by_hand(desk: &Desk, step: &Step) -> bool {
    use crate::billing::policy::Mode;
    desk.rules.mode == Mode::Live && step.action != Action::Renew || is_registry_renewal(desk, step)
}

/// A domain name is renewed at its registry, and a certificate at its authority.
pub(super) fn is_registry_renewal(desk: &Desk, step: &Step) -> bool {
    use crate::billing::policy::Mode;
    use crate::billing::service::ServiceKind;
    desk.rules.mode == Mode::Live
        && step.action == Action::Renew
        && matches!(step.kind, ServiceKind::Domain | ServiceKind::Ssl)
}

/// In the order of the night: renew, reinstate, suspend, terminate; each by service.
pub(super) fn in_order(mut steps: Vec<Step>) -> Vec<Step> {
    steps.sort_by(|a, b| (a.action, &a.service, a.period).cmp(&(b.action, &b.service, b.period)));
    steps
}
