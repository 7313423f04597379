//! Models that an account was refused, as the accounts file keeps them: every process knows for an hour what one was told.

use std::collections::BTreeMap;

use crate::domain::health::UNSERVED;
use crate::domain::health::model_refusal::{ModelRefusal, remember};
use crate::domain::time::Timestamp;
use crate::manager::Manager;
use crate::manager::router::{Route, RouteRequest, Written};
use crate::store::StoredAccount;

/// What the accounts file has of the account.
pub fn read(account: &StoredAccount) -> BTreeMap<String, ModelRefusal> {
    let version = |model: &String| account.unserved_versions.get(model)?.parse().ok();
    let refusal = |(model, until): (&String, &i64)| {
        (model.clone(), ModelRefusal { until: Timestamp(*until), version: version(model) })
    };
    account.unserved_models.iter().map(refusal).collect()
}

fn write(models: &BTreeMap<String, ModelRefusal>, account: &mut StoredAccount) {
    let version = |(model, refusal): (&String, &ModelRefusal)| Some((model.clone(), refusal.version?.to_string()));
    account.unserved_versions = models.iter().filter_map(version).collect();
    account.unserved_models =
        models.iter().map(|(model, refusal)| (model.clone(), refusal.until.as_millis())).collect();
}

/// The models that the file says the account does not have, and those on their way there.
pub fn known(
    account: &StoredAccount,
    unwritten: Option<&BTreeMap<String, ModelRefusal>>,
) -> BTreeMap<String, ModelRefusal> {
    let mut models = read(account);
    models.extend(unwritten.into_iter().flatten().map(|(model, refusal)| (model.clone(), *refusal)));
    models
}

impl Manager {
    /// The account was refused the model of `request`: for whatever client, or for those as old as this one.
    pub(in crate::manager) fn record_unserved(
        &self,
        route: &Route,
        request: &RouteRequest,
        is_of_version: bool,
        now: Timestamp,
    ) -> Option<Written> {
        let model = request.model.clone().filter(|_| self.is_current(route))?;
        let version = is_of_version.then_some(request.client_version);
        let refusal = ModelRefusal { until: now.after(UNSERVED), version };
        {
            let mut memory = self.memory();
            let models = memory.unserved.entry(route.account.clone()).or_default();
            remember(models, model.clone(), refusal, now);
            memory.touch();
        }
        let (account, written) = (route.account.clone(), model.clone());
        let change = move |account: &mut StoredAccount, _, now: Timestamp| {
            let mut models = read(account);
            remember(&mut models, model, refusal, now);
            write(&models, account);
        };
        Some(self.write_of_credential(route, change, move |memory, ()| {
            if let Some(models) = memory.unserved.get_mut(&account) {
                models.remove(&written);
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_an_older_file_says_no_version() {
        let refusal = |until: i64, version: Option<&str>| ModelRefusal {
            until: Timestamp(until),
            version: version.map(|text| text.parse().unwrap()),
        };
        let models = BTreeMap::from([
            ("gpt-6-sol".to_owned(), refusal(5, Some("0.150.0"))),
            ("gpt-4o".to_owned(), refusal(7, None)),
        ]);
        let mut account = StoredAccount::default();
        write(&models, &mut account);
        assert_eq!(read(&account), models);
        let unwritten = BTreeMap::from([("gpt-4o".to_owned(), refusal(9, Some("0.171.0")))]);
        assert_eq!(known(&account, Some(&unwritten))["gpt-4o"], unwritten["gpt-4o"]);
        account.unserved_versions.clear();
        assert_eq!(read(&account)["gpt-6-sol"], refusal(5, None));
    }
}
