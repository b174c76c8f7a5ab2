use db::Database;
use solid_cache::{Cache, Config, MIGRATIONS};

use crate::table::Table;

/// Two handles of one file are as two processes: they share nothing but the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn increments_through_two_handles_all_count() {
    let table = Table::new();
    let handles = [(); 2].map(|()| {
        let database = Database::open(&table.config, MIGRATIONS).unwrap();
        Cache::solid(database, Config::default())
    });
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let cache = handles[number % 2].clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    cache.increment("visits", 1).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(handles[0].read_counter("visits").await, Some(1000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_writes_an_entry_that_must_not_exist() {
    let table = Table::new();
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let database = Database::open(&table.config, MIGRATIONS).unwrap();
            let cache = Cache::solid(database, Config::default()).unless_exist();
            tokio::spawn(async move { cache.write("key", &number).await })
        })
        .collect();
    let mut written = 0;
    for task in tasks {
        written += i32::from(task.await.unwrap());
    }
    assert_eq!(written, 1);
}
