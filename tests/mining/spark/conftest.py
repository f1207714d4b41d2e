"""One Spark session for all tests, where Java and pyspark are found."""

import os
import shutil
import sys

import pytest


def java_home():
    """Where Java is, or None."""
    return os.environ.get("JAVA_HOME") or shutil.which("java")


@pytest.fixture(scope="session")
def spark():
    """``local[2]`` without its web page, with small input partitions."""
    pytest.importorskip("pyspark", reason="no pyspark here: pip install 'zhnlp[spark]'")
    if java_home() is None:
        pytest.skip("no Java here, which Spark needs: install a JRE 17 or set JAVA_HOME")
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.memory": "1g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.files.maxPartitionBytes": "40000",
        "spark.sql.files.openCostInBytes": "100",
        "spark.zhnlp.partitions": "2",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master("local[2]").appName("tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
