module tidewire.example/backend

go 1.22
