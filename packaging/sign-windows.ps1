# Signs a program for Windows; without it SmartScreen warns of a download by a browser.
#
#     packaging/sign-windows.ps1 PROGRAM
#
# CERTIFICATE is the code signing certificate as base64 of a .pfx, PASSWORD its password.
param([Parameter(Mandatory)] [string] $Program)
$ErrorActionPreference = 'Stop'
$file = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
try {
    [IO.File]::WriteAllBytes($file, [Convert]::FromBase64String($env:CERTIFICATE))
    $password = ConvertTo-SecureString $env:PASSWORD -AsPlainText -Force
    $certificate = Get-PfxCertificate -FilePath $file -Password $password
    $signed = Set-AuthenticodeSignature $Program -Certificate $certificate -HashAlgorithm SHA256 -TimestampServer 'http://timestamp.digicert.com'
    if ($signed.Status -ne 'Valid') { throw "$Program is not signed: $($signed.StatusMessage)" }
}
finally {
    Remove-Item $file -ErrorAction SilentlyContinue
}
