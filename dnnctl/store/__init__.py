"""The run store: folders of plain files that can be read without the code that wrote them."""
