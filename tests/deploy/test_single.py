"""The stores by themselves, as the tests of all packages use them."""

import socket

import boto3
import pytest
from botocore.config import Config
from pymongo import MongoClient

from deploy.local import RunningStore


def test_redis_is_empty_for_each_test(redis_server: RunningStore) -> None:
    """Each test finds an empty Redis behind the URL."""
    host, port = redis_server.url.removeprefix("redis://").split("/")[0].split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"DBSIZE\r\n")
        assert connection.recv(100) == b":0\r\n"


def test_mongodb_has_a_database_for_each_test(mongodb_server: RunningStore) -> None:
    """A document that was written can be read, in a database that nobody else uses."""
    with MongoClient[dict[str, int]](mongodb_server.url) as client:
        cards = client.get_default_database()["cards"]
        cards.insert_one({"number": 1})
        assert cards.count_documents({}) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning:botocore")
def test_s3_takes_the_keys_it_was_started_with(s3_server: RunningStore) -> None:
    """The variables suffice to write and read an object; other keys are refused."""
    client = boto3.client(
        "s3",
        endpoint_url=s3_server.url,
        aws_access_key_id=s3_server.variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=s3_server.variables["AWS_SECRET_ACCESS_KEY"],
        region_name=s3_server.variables["AWS_DEFAULT_REGION"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    bucket = s3_server.variables["S3_BUCKET"]
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="a/b", Body=b"picture")
    assert client.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"picture"
    client.close()
