//! DynamoDB keeps the same contract as the in-memory store: a real engine, through the real SDK, over HTTP. The
//! contract also holds with live connections in a real Redis.

mod alone {
    testkit::contract_suite!(crate::support::store().await.0);
}

mod with_redis {
    use domain::ports::{Registration, Registry as _};
    use std::time::Duration;
    use testkit::TestEnv;
    use testkit::fixtures::{connection, user};

    testkit::contract_suite!(crate::support::store_with_redis().await.0);

    /// Redis may have lost connections that were opened before the time since which it remembers.
    #[tokio::test]
    async fn connection_from_before_data_loss_is_registered_again() {
        let store = crate::support::store_with_redis().await.0;
        let since = TestEnv::START.plus(Duration::from_secs(60));
        let (dora, device) = (user("dora"), connection("before", TestEnv::START));
        let registered = Registration::Registered(vec![device.clone()]);
        assert_eq!(store.reregister(&dora, &device, since).await.unwrap(), Some(registered));
        assert_eq!(store.connections(std::slice::from_ref(&dora)).await.unwrap(), [(dora, vec![device])]);
    }
}
