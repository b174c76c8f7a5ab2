//! Statements in SQL and what is bound to them.

use db::{Database, DatabaseConfig, NO_MIGRATIONS, Statement, Value};
use diesel::RunQueryDsl as _;
use diesel::sql_types::{Binary, Text};

#[tokio::test]
async fn bytes_go_in_and_come_out() {
    let folder = tempfile::tempdir().unwrap();
    let config = DatabaseConfig::new(folder.path().join("x.sqlite3"));
    let database = Database::open(&config, NO_MIGRATIONS).unwrap();
    let rows = database.read(|connection| {
        Statement::<(Binary, Binary, Text, Text)>::new("SELECT ?, ?, typeof(?), typeof(?)")
            .bind(&b"\0\xff"[..])
            .bind(vec![1, 2])
            .bind(Vec::new())
            .bind(Value::Null)
            .load::<(Vec<u8>, Vec<u8>, String, String)>(connection)
    });
    assert_eq!(
        rows.await.unwrap(),
        [(vec![0, 255], vec![1, 2], "blob".into(), "null".into())]
    );
}
