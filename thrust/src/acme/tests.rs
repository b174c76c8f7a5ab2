mod issuing;
mod keeping;
mod pebble;
mod site;
mod storing;
