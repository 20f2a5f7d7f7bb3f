"""Stands in for the package parver where the package index cannot be reached: what generated SDKs use of it."""

try:
    from packaging.version import Version as _Version
except ImportError:
    from pip._vendor.packaging.version import Version as _Version


class Version:
    def __init__(self, version):
        self.release = version.release
        self.pre_tag, self.pre = version.pre or (None, None)
        self.dev = version.dev
        self.local = version.local

    @classmethod
    def parse(cls, text):
        return cls(_Version(text))
