from tests.synthetic.model import RAW

__all__ = ["RAW"]
