use action_cable::{Channel, NoActions, NoParams, Rejected, Subscription};

use crate::models::Todo;
use crate::{AppContext, Visitor, streams};

/// The list, at once and after each change.
pub struct TodosChannel;

impl Channel for TodosChannel {
    const NAME: &'static str = "TodosChannel";
    type App = AppContext;
    type Identity = Visitor;
    type Params = NoParams;
    type Action = NoActions;

    async fn subscribed(
        _: NoParams,
        subscription: &mut Subscription<Self>,
    ) -> Result<Self, Rejected> {
        subscription.stream_from(streams::todos());
        match Todo::broadcast_list(&subscription.app).await {
            Ok(list) => subscription.transmit(&list),
            // The stream works all the same, and the next change brings the list.
            Err(error) => {
                tracing::error!(error = %error, "could not read the todos for a new subscription");
            }
        }
        Ok(Self)
    }
}
